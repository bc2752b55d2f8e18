//! Musher: {count} entities.

{modules}

use musher::prelude::*;

pub type Model = {all};

fn main() -> musher::Result<()> {
    let orm = Orm::builder().entities::<Model>().in_memory()?;
    let em = &mut orm.em();
{calls}
    Ok(())
}
