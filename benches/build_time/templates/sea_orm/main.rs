//! SeaORM: {count} entities.

{modules}

use sea_orm::{ConnectionTrait, Database, DbErr, Schema};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), DbErr> {
    let db = &Database::connect("sqlite::memory:").await?;
    let backend = db.get_database_backend();
    let schema = Schema::new(backend);
{tables}
{calls}
    Ok(())
}
