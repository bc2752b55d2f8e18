//! Imports point one way: from a module to the layers below it. This test reads the sources, holds
//! them against the table here, and names every import that breaks it. `docs/architecture.md` says
//! why the layers are what they are; a change of the table is a change of that.
//!
//! Beside that, every source file says at its top what it owns, and none grows past 600 lines.

#[path = "layering/imports.rs"]
mod imports;
#[path = "layering/tokens.rs"]
mod tokens;

use std::{
    fs,
    path::{Path, PathBuf},
};

use imports::{Import, Imports};

/// A top-level module of the crate, and where it stands.
struct Module {
    name: &'static str,
    layer: u8,
    /// The modules of the same layer that it may import from; all others there it must not know.
    siblings: &'static [&'static str],
}

const fn module(name: &'static str, layer: u8, siblings: &'static [&'static str]) -> Module {
    Module {
        name,
        layer,
        siblings,
    }
}

/// The order of the modules, from the bottom up. `lib.rs` stands above all of them.
const MODULES: &[Module] = &[
    module("storage", 0, &[]),
    module("codec", 0, &[]),
    module("password", 0, &[]),
    module("schema", 1, &["error"]),
    module("error", 1, &[]),
    module("keyspace", 2, &[]),
    module("log", 2, &[]),
    module("entity", 3, &[]),
    module("context", 4, &[]),
    module("feed", 4, &[]),
    module("database", 4, &["feed"]),
    module("unit_of_work", 5, &[]),
    module("query", 5, &[]),
    module("load", 6, &[]),
    module("manager", 7, &[]),
    module("orm", 8, &[]),
    module("serialize", 8, &[]),
];

const MAX_LINES: usize = 600;

fn find(name: &str) -> Option<&'static Module> {
    MODULES.iter().find(|module| module.name == name)
}

/// A source file: its path from the root of the repository, and its text.
struct SourceFile {
    path: PathBuf,
    text: String,
}

impl SourceFile {
    /// The path of the module that the file holds: none for `lib.rs`.
    fn module(&self) -> Vec<String> {
        let mut path: Vec<String> = self
            .path
            .with_extension("")
            .iter()
            .skip_while(|part| *part != "src")
            .skip(1)
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        path.pop_if(|last| last == "mod" || last == "lib");
        path
    }
}

/// All Rust files below `directory`, sorted by path.
fn sources(directory: &str) -> Vec<SourceFile> {
    fn collect(directory: &Path, root: &Path, files: &mut Vec<SourceFile>) {
        for entry in fs::read_dir(directory).expect("the directory can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                collect(&path, root, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("the file can be read");
                let path = path.strip_prefix(root).expect("it is below").to_owned();
                files.push(SourceFile { path, text });
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join(directory), root, &mut files);
    files.sort_by(|one, other| one.path.cmp(&other.path));
    assert!(!files.is_empty(), "no sources found below {directory}");
    files
}

/// One sentence for each import of `files` that the table does not permit.
fn broken_layers(files: &[SourceFile]) -> Vec<String> {
    let scanned: Vec<_> = files
        .iter()
        .map(|file| (file, Imports::of(&file.module(), &file.text)))
        .collect();
    let tests: Vec<&Vec<String>> = scanned
        .iter()
        .flat_map(|(_, scanned)| &scanned.test_modules)
        .collect();
    let mut problems = Vec::new();
    for (file, scanned) in &scanned {
        let path = file.module();
        let Some(name) = path.first() else { continue };
        if tests.iter().any(|test| path.starts_with(test)) {
            continue;
        }
        let Some(module) = find(name) else {
            problems.push(format!(
                "{}: the module `{name}` stands in no layer; add it to the table in \
                 tests/layering.rs",
                file.path.display()
            ));
            continue;
        };
        for Import { line, target } in &scanned.imports {
            if let Some(rule) = broken_rule(module, target) {
                problems.push(format!(
                    "{}:{line}: `crate::{target}`: {rule}",
                    file.path.display()
                ));
            }
        }
    }
    problems
}

/// The rule that `module` breaks by importing `crate::target`.
fn broken_rule(module: &Module, target: &str) -> Option<String> {
    let Module { name, layer, .. } = module;
    let Some(imported) = find(target) else {
        return Some(format!(
            "`{name}` (layer {layer}) imports by way of lib.rs, which stands above it; name the \
             module that owns the item"
        ));
    };
    if imported.name == *name || imported.layer < *layer || module.siblings.contains(&target) {
        None
    } else if imported.layer == *layer {
        Some(format!(
            "`{name}` and `{target}` share layer {layer} and must not know each other"
        ))
    } else {
        Some(format!(
            "`{name}` (layer {layer}) may import only from below, `{target}` is layer {}",
            imported.layer
        ))
    }
}

/// One sentence for each file that does not say what it owns, and for each that is too long.
fn broken_shapes(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for SourceFile { path, text } in files {
        if !text.starts_with("//!") {
            problems.push(format!(
                "{}:1: has to begin with `//!` and say what the file owns",
                path.display()
            ));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            problems.push(format!(
                "{}: has {lines} lines, {MAX_LINES} are permitted; split it by concept",
                path.display()
            ));
        }
    }
    problems
}

#[track_caller]
fn assert_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} problems:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn imports_point_to_the_layers_below() {
    assert_none(&broken_layers(&sources("src")));
}

#[test]
fn every_file_says_what_it_owns_and_stays_short() {
    let mut files = sources("src");
    files.extend(sources("derive/src"));
    assert_none(&broken_shapes(&files));
}

#[test]
fn the_table_names_each_module_once_and_siblings_of_the_same_layer() {
    for (at, module) in MODULES.iter().enumerate() {
        let above = &MODULES[at + 1..];
        assert!(above.iter().all(|other| other.name != module.name));
        assert!(above.iter().all(|other| other.layer >= module.layer));
        for sibling in module.siblings {
            assert_eq!(find(sibling).map(|it| it.layer), Some(module.layer));
        }
    }
}

mod the_test_itself {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: PathBuf::from(path),
            text: text.to_owned(),
        }
    }

    /// Holds `text`, as the content of `path`, against the lines and targets that break a layer.
    #[track_caller]
    fn check(path: &str, text: &str, expected: &[&str]) {
        let problems = broken_layers(&[file(path, text)]);
        let found: Vec<_> = problems
            .iter()
            .map(|problem| {
                let (place, _) = problem.rsplit_once("`: ").expect("a place and a rule");
                place.strip_prefix(path).expect("the path first")
            })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn an_import_from_below_is_permitted() {
        check("src/query/filter.rs", "use crate::codec::key::Key;", &[]);
        check(
            "src/query.rs",
            "use crate::{codec, schema::{self, Entity}};",
            &[],
        );
        check(
            "src/schema/build.rs",
            "fn f() -> crate::error::Error {}",
            &[],
        );
        check("src/error.rs", "use crate::{codec::E, storage::F};", &[]);
    }

    #[test]
    fn an_import_from_above_is_named_with_its_line_and_rule() {
        let problems = broken_layers(&[file("src/codec/key.rs", "\nuse crate::query::Filter;")]);
        assert_eq!(
            problems,
            [
                "src/codec/key.rs:2: `crate::query`: `codec` (layer 0) may import only from below, \
              `query` is layer 5"
            ]
        );
    }

    #[test]
    fn siblings_must_not_know_each_other_unless_the_table_says_so() {
        check(
            "src/query.rs",
            "use crate::unit_of_work;",
            &[":1: `crate::unit_of_work"],
        );
        check(
            "src/codec/mod.rs",
            "use crate::storage::Batch;",
            &[":1: `crate::storage"],
        );
        check(
            "src/error.rs",
            "use crate::schema::Entity;",
            &[":1: `crate::schema"],
        );
    }

    #[test]
    fn every_way_to_write_a_path_is_seen() {
        let expected = &[":1: `crate::orm"];
        for text in [
            "pub(crate) use crate::orm::Orm;",
            "use crate::{codec, orm::{Config, Orm}, schema};",
            "use {crate::{storage::{a, b as c}, codec as d, orm}};",
            "fn f() { let x = crate::orm::Orm::<T>::open(); }",
            "impl<T: crate::orm::Trait<crate::codec::Key>> X for T {}",
            "macro_rules! m { () => { $crate::orm::Orm } }",
            "use super::super::orm::Orm;",
            "use super::{sibling, super::orm};",
            "use self::super::super::{codec, orm};",
            "mod inline { use super::super::super::orm; }",
            "mod inline { mod inner {} } use super::super::orm;",
            "fn f<'a>(x: &'a str) -> char { '\"' } use crate::orm; // \"",
            "use musher::orm::Orm;",
            "pub(in crate::load) use crate::r#orm::Orm;",
        ] {
            check("src/load/path.rs", text, expected);
        }
    }

    #[test]
    fn paths_within_the_module_are_its_own_business() {
        for text in [
            "use super::*; use self::child::{self, X}; use crate::load::populate;",
            "mod inline { use super::super::{hydrate, orm}; }",
            "fn f(&self) { self.orm(); Self::orm(); local::orm::x(); other_crate::orm::Orm }",
        ] {
            check("src/load/path.rs", text, &[]);
        }
    }

    #[test]
    fn what_goes_by_way_of_the_front_page_is_named() {
        check("src/load.rs", "use crate::Error;", &[":1: `crate::Error"]);
        check("src/load.rs", "use crate::*;", &[":1: `crate::*"]);
        check(
            "src/load.rs",
            "use super::{EntityManager};",
            &[":1: `crate::EntityManager"],
        );
        check(
            "src/lib.rs",
            "pub use crate::{orm::Orm, storage::Store};",
            &[],
        );
    }

    #[test]
    fn comments_and_literals_are_no_imports() {
        for text in [
            "//! [`X`](crate::orm::X)\n/// use crate::orm;\n// crate::orm",
            "/* crate::orm /* nested */ crate::orm */",
            r#"const A: &str = "crate::orm \" crate::orm";"#,
            "const A: &[u8] = br##\"crate::orm \"# crate::orm\"##;",
            r"const A: [char; 3] = ['\'', '{', '\\'];",
        ] {
            check("src/codec.rs", text, &[]);
        }
    }

    #[test]
    fn unit_tests_are_exempt_and_what_follows_them_is_not() {
        check(
            "src/codec.rs",
            "#[cfg(test)]\n#[allow(x)]\nmod tests { use crate::orm; fn f() { [1; 2]; } }\n\
             use crate::query;",
            &[":4: `crate::query"],
        );
        check(
            "src/codec.rs",
            "#[cfg(test)]\nuse crate::orm;\n#[cfg(all(test, unix))]\nfn f(a: [u8; 2]) { \
             crate::orm::f() }\n#[cfg(unix)]\nuse crate::query;",
            &[":6: `crate::query"],
        );
        let declaration = file("src/codec/mod.rs", "#[cfg(test)]\nmod tests;");
        let tests = file("src/codec/tests.rs", "use crate::orm::Orm;");
        assert_none(&broken_layers(&[declaration, tests]));
    }

    #[test]
    fn a_module_outside_of_the_table_is_named() {
        let problems = broken_layers(&[file("src/utils/mod.rs", "")]);
        assert_eq!(problems.len(), 1);
        assert!(problems[0].contains("`utils` stands in no layer"));
    }

    #[test]
    fn a_file_without_a_header_and_one_that_is_too_long_are_named() {
        let long = "//! Owns much.\n".to_owned() + &"\n".repeat(MAX_LINES);
        assert_eq!(
            broken_shapes(&[
                file("src/bare.rs", "use std::fmt;\n//! Too late."),
                file("src/long.rs", &long),
                file("src/good.rs", "//! Owns little.\n"),
            ]),
            [
                "src/bare.rs:1: has to begin with `//!` and say what the file owns",
                "src/long.rs: has 601 lines, 600 are permitted; split it by concept",
            ]
        );
    }
}
