//! Partners of a one-to-one relation that change places.

use musher::prelude::*;

use crate::support::on_both_stores;

/// Who stands beside whom, one to one; the reference is required on one side of the pairs, so partners
/// can only swap.
#[derive(Entity, Debug)]
struct Driver {
    #[orm(primary_key)]
    id: Pk,
    #[orm(one_to_one(inversed_by = driver))]
    car: Id<Car>,
}

#[derive(Entity, Debug)]
struct Car {
    #[orm(primary_key)]
    id: Pk,
    plate: String,
    #[orm(one_to_one(mapped_by = car))]
    driver: Inverse<Driver>,
}

#[test]
fn one_to_one_partners_swap_in_one_flush() {
    on_both_stores::<(Driver, Car)>(|orm| {
        let mut em = orm.em();
        let [one, two] = ["one", "two"].map(|plate| em.create(Car::build().plate(plate)));
        let [ann, ben] = [one, two].map(|car| em.create(Driver::build().car(car)));
        em.flush()?;
        for loaded in [true, false] {
            if !loaded {
                em.clear();
                em.find::<Driver>().all()?;
            }
            let (of_ann, of_ben) = (em[ann].car, em[ben].car);
            em.edit(ann).set_car(of_ben);
            em.edit(ben).set_car(of_ann);
            em.flush()?;
            let mut reader = orm.em();
            reader.find::<Car>().populate(|c| c.driver()).all()?;
            assert_eq!((reader[ann].car, reader[ben].car), (of_ben, of_ann));
            assert_eq!(reader[of_ben].driver.get(), Some(ann));
            assert_eq!(reader[of_ann].driver.get(), Some(ben));
        }
        Ok(())
    });
}
