//! One step: what is done, and numbers that say to what. Whoever applies it takes them modulo what
//! there is to choose from, so that every step can be applied to every state, and what is left after
//! steps were dropped is still a run.

#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub verb: Verb,
    pub who: u8,
    pub whom: u8,
    pub value: u8,
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $verb:ident = $weight:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Verb {
            $($(#[$doc])* $verb,)*
        }

        impl Verb {
            /// Every verb, and how often it shall come.
            pub const WEIGHTED: &[(Self, u32)] = &[$((Self::$verb, $weight),)*];
        }
    };
}

verbs! {
    /// A builder or a constructor, with relations given as ids and as builders.
    Create = 14,
    /// A new row with a key of the program's choice.
    PersistKey = 2,
    /// A second instance of a managed key, which the next flush refuses.
    PersistManaged = 1,
    /// A new instance of a key that is stored, and not loaded.
    PersistTaken = 1,
    /// A row is removed, and one with the same key is created.
    Recreate = 2,
    FindOne = 4,
    /// By key, with relations of relations populated.
    FindDeep = 3,
    FindAll = 3,
    FindFiltered = 3,
    /// A query that flushes first.
    FindFlushing = 1,
    /// By a named filter, which holds for what is populated, too.
    FindNamed = 1,
    /// A scalar, perhaps one that the flush will refuse.
    SetText = 6,
    SetLazy = 3,
    /// A reference by its setter.
    Refer = 8,
    /// A reference by a plain assignment.
    Assign = 5,
    Add = 8,
    Take = 6,
    SetItems = 3,
    AssignItems = 2,
    RemoveAll = 2,
    /// A one-to-one relation from its other side.
    SetInverse = 4,
    Remove = 5,
    Flush = 8,
    Clear = 1,
    Populate = 6,
    Init = 2,
    Count = 2,
    Refresh = 2,
    /// An article with its tags, whose changes are overwritten too.
    RefreshWith = 1,
    /// Scalars of all rows that meet a condition.
    UpdateWhere = 4,
    UpdateReferences = 2,
    DeleteWhere = 2,
    Upsert = 2,
    InsertMany = 1,
    /// A copy that was changed elsewhere.
    Merge = 2,
    /// The items of a collection that meet a condition.
    Matching = 3,
    /// The unit of work is replaced by a fork that has what it manages.
    Fork = 1,
    Detach = 2,
    Switch = 3,
    Reopen = 1,
    /// A snapshot, in the place of the one that was taken before.
    Snapshot = 2,
    /// A transaction, or a savepoint in it.
    Begin = 3,
    /// A transaction that reads one moment, in a unit of work that was cleared.
    BeginSerializable = 2,
    Commit = 2,
    Rollback = 2,
}
