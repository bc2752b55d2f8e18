use sea_orm::entity::prelude::*;
use sea_orm::{LoaderTrait, QueryOrder, QuerySelect, Set};

use crate::{{next}, {previous}};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "{name}")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(unique, column_type = "String(StringLen::N({length}))")]
    pub name: String,
    #[sea_orm(indexed)]
    pub title: String,
    pub text: Option<String>,
    pub count: i32,
    pub rating: Option<i64>,
    #[sea_orm(default_value = true)]
    pub active: bool,
    pub created_at: DateTimeUtc,
    pub next_id: Option<i64>,
    pub parent_id: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {
    #[sea_orm(
        belongs_to = "{next}::Entity",
        from = "Column::NextId",
        to = "{next}::Column::Id"
    )]
    Next,
    #[sea_orm(
        belongs_to = "crate::{parent}::Entity",
        from = "Column::ParentId",
        to = "crate::{parent}::Column::Id"
    )]
    Parent,
    #[sea_orm(has_many = "{previous}::Entity")]
    Previous,
}

impl Related<{next}::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Next.def()
    }
}

impl Related<{previous}::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Previous.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}

pub async fn exercise(db: &DatabaseConnection) -> Result<(), DbErr> {
    let made = ActiveModel {
        name: Set("name".to_owned()),
        title: Set("title".to_owned()),
        count: Set(1),
        active: Set(true),
        created_at: Set(chrono::Utc::now()),
        ..Default::default()
    };
    let made = made.insert(db).await?;
    let found = Entity::find()
        .filter(Column::Title.eq("title").and(Column::Count.gt(0)))
        .order_by_asc(Column::Name)
        .limit(10)
        .all(db)
        .await?;
    let next = found.load_one({next}::Entity, db).await?;
    let previous = found.load_many({previous}::Entity, db).await?;
    for ((model, next), previous) in found.into_iter().zip(next).zip(previous) {
        println!("{model:?} {next:?} {previous:?}");
        let title = model.title.clone() + "!";
        let mut model: ActiveModel = model.into();
        model.title = Set(title);
        model.update(db).await?;
    }
    Entity::delete_by_id(made.id).exec(db).await?;
    Ok(())
}
