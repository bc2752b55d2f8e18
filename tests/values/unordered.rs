//! Types without an order: stored, read back, changed, and found by equality.

use std::collections::{BTreeMap, BTreeSet};

use musher::prelude::*;
use serde::{Deserialize, Serialize};

use crate::on_both_stores;

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
enum Shape {
    Point,
    Circle { radius: f64 },
    Polygon(Vec<(i32, i32)>),
}

#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
struct Stop {
    name: String,
    minutes: Option<u32>,
}

#[derive(Entity, Debug)]
struct Sketch {
    #[orm(primary_key)]
    id: Pk,
    shape: Shape,
    labels: BTreeMap<String, Vec<u8>>,
    tags: BTreeSet<char>,
    stops: Vec<Stop>,
    grid: [[u8; 2]; 2],
    maybe: Option<Vec<Shape>>,
    #[orm(default)]
    image: Vec<u8>,
}

fn sketch(em: &mut EntityManager, shape: Shape) -> Id<Sketch> {
    let labels = BTreeMap::from([("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![])]);
    let stops = vec![
        Stop {
            name: "Graz".into(),
            minutes: Some(3),
        },
        Stop {
            name: "Wien".into(),
            minutes: None,
        },
    ];
    let new = Sketch::build()
        .shape(shape)
        .labels(labels)
        .stops(stops)
        .grid([[1, 2], [3, 4]]);
    em.create(new.tags(BTreeSet::from(['x', 'ä'])))
}

#[test]
fn enums_lists_and_maps_read_back_and_are_compared_as_wholes() {
    on_both_stores::<Sketch>(|orm| {
        let mut em = orm.em();
        let shapes = [
            Shape::Point,
            Shape::Circle { radius: 1.5 },
            Shape::Polygon(vec![(1, -1), (0, 2)]),
        ];
        let ids = shapes.clone().map(|shape| sketch(&mut em, shape));
        em.flush()?;
        em.clear();
        for (shape, id) in shapes.into_iter().zip(ids) {
            let found = em
                .find::<Sketch>()
                .filter(|s| s.shape().eq(shape.clone()))
                .all()?;
            assert_eq!(found, [id]);
            assert_eq!(em[id].shape, shape);
            assert_eq!(em[id].labels["a"], [1, 2]);
            assert_eq!(
                em[id].stops[1],
                Stop {
                    name: "Wien".into(),
                    minutes: None
                }
            );
            assert_eq!((em[id].grid, em[id].tags.len()), ([[1, 2], [3, 4]], 2));
        }
        let labels = em[ids[0]].labels.clone();
        assert_eq!(
            em.find::<Sketch>()
                .filter(|s| s.labels().eq(labels))
                .count()?,
            3
        );
        assert_eq!(
            em.find::<Sketch>()
                .filter(|s| s.maybe().is_none())
                .count()?,
            3
        );

        let before = em.statistics().commits;
        em[ids[0]].labels = em[ids[1]].labels.clone();
        em.flush()?;
        assert_eq!(em.statistics().commits, before, "an equal map is no change");
        em[ids[0]].stops.push(Stop {
            name: "Linz".into(),
            minutes: None,
        });
        em[ids[0]].maybe = Some(vec![Shape::Point]);
        em.flush()?;
        em.clear();
        em.find_one(ids[0]).or_fail()?;
        assert_eq!(
            (em[ids[0]].stops.len(), em[ids[0]].maybe.as_deref()),
            (3, Some(&[Shape::Point][..]))
        );
        Ok(())
    });
}

#[test]
fn bytes_are_stored_at_any_length() {
    on_both_stores::<Sketch>(|orm| {
        let mut em = orm.em();
        for length in [0, 1, 250, 251, 70_000, 200_000] {
            let bytes: Vec<u8> = (0..=255).cycle().take(length).collect();
            let id = sketch(&mut em, Shape::Point);
            em[id].image.clone_from(&bytes);
            em.flush()?;
            em.clear();
            assert_eq!(
                em.find::<Sketch>()
                    .filter(|s| s.image().eq(bytes.clone()))
                    .all()?,
                [id]
            );
            assert_eq!(em[id].image, bytes);
        }
        Ok(())
    });
}

#[cfg(feature = "serde-json")]
mod json {
    use musher::Json;
    use serde_json::{Value, json};

    use super::*;
    use crate::refused;

    #[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
    #[serde(untagged)]
    enum Setting {
        Number(i64),
        Text(String),
    }

    #[derive(Entity, Debug)]
    struct Device {
        #[orm(primary_key)]
        id: Pk,
        settings: Json<Value>,
        extra: Option<Json<BTreeMap<String, Setting>>>,
        #[orm(default)]
        log: Lazy<Json<Value>>,
    }

    #[test]
    fn json_is_stored_and_serialized_as_it_is() {
        on_both_stores::<Device>(|orm| {
            let mut em = orm.em();
            let settings =
                json!({ "volume": 3, "names": ["a", null, 1.5], "deep": { "on": true } });
            let extra = BTreeMap::from([
                ("n".to_owned(), Setting::Number(7)),
                ("t".to_owned(), Setting::Text("x".into())),
            ]);
            let new = Device::build()
                .settings(Json(settings.clone()))
                .extra(Some(Json(extra.clone())));
            let device = em.create(new);
            em.flush()?;
            em.clear();

            let found = em
                .find::<Device>()
                .filter(|d| d.settings().eq(Json(settings.clone())))
                .all()?;
            assert_eq!(found, [device]);
            assert_eq!(*em[device].settings, settings);
            assert_eq!(em[device].extra.clone().map(Json::into_inner), Some(extra));
            let written = serde_json::to_value(em.view(device)).expect("it serializes");
            assert_eq!(written["settings"], settings);
            assert_eq!(written["extra"], json!({ "n": 7, "t": "x" }));

            let before = em.statistics().commits;
            em[device].settings = Json(settings.clone());
            em.flush()?;
            assert_eq!(
                em.statistics().commits,
                before,
                "an equal value is no change"
            );
            em[device].settings["volume"] = json!(4);
            em[device].extra = None;
            em.flush()?;
            em.clear();
            em.find_one(device).populate(|d| d.log()).or_fail()?;
            assert_eq!(em[device].settings["volume"], 4);
            assert_eq!(em[device].extra, None);
            assert_eq!(**em.view(device).log(), Value::Null);
            Ok(())
        });
    }

    /// A type that says nothing of the value within to anybody but serde.
    #[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
    struct Hardware {
        model: String,
        raw: Option<Value>,
    }

    #[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
    struct Sensor {
        #[serde(skip_serializing_if = "Option::is_none")]
        unit: Option<String>,
        raw: Option<Json<Value>>,
    }

    #[derive(Entity, Debug)]
    struct Machine {
        #[orm(primary_key)]
        id: Pk,
        hardware: Hardware,
        sensors: Vec<Sensor>,
        #[orm(default)]
        spare: Lazy<Option<Hardware>>,
    }

    fn hardware(raw: Option<Value>) -> Hardware {
        Hardware {
            model: "x".into(),
            raw,
        }
    }

    fn sensor(unit: Option<&str>) -> Sensor {
        Sensor {
            unit: unit.map(Into::into),
            raw: Some(Json(json!([1, "a"]))),
        }
    }

    #[test]
    fn what_could_not_be_read_again_is_not_stored() {
        on_both_stores::<Machine>(|orm| {
            let mut em = orm.em();
            let bad = hardware(Some(json!(3)));
            let new = Machine::build().hardware(bad.clone()).sensors(Vec::new());
            let machine = em.create(new.spare(Some(bad.clone())));
            let Error::Validation(problems) = refused(em.flush()) else {
                panic!("a violation was expected");
            };
            let places: Vec<_> = problems
                .iter()
                .map(|it| (it.key.as_str(), &*it.property))
                .collect();
            assert_eq!(places, [("1", "hardware"), ("1", "spare")]);
            let remedy =
                "write `musher::Json<..>` around it, or around the field in it that is such a type";
            assert!(problems[0].problem.contains(remedy), "{problems:?}");
            assert_eq!(orm.em().find::<Machine>().count()?, 0);

            em[machine].hardware = hardware(None);
            em[machine].spare = Some(hardware(None)).into();
            em[machine].sensors = vec![sensor(Some("K"))];
            em.flush()?;
            em[machine].sensors.push(sensor(None));
            let error = refused(em.flush()).to_string();
            assert!(
                error.contains("Machine 1: `sensors` could not be read again"),
                "{error}"
            );

            let mut others = orm.em();
            let found = others.find_one(machine).or_fail()?;
            assert_eq!(others[found].sensors, [sensor(Some("K"))]);
            let assigned = others
                .update_where::<Machine>(|_| musher::Filter::all([]))
                .set(|m| m.hardware().set(bad.clone()))
                .execute();
            assert!(assigned.is_err());
            let more = Machine::build().hardware(bad.clone()).sensors(Vec::new());
            assert!(others.insert_many([more]).execute().is_err());
            Ok(())
        });
    }
}
