# What there is to run. `just ci` is what a change has to pass.

# Lists the recipes.
default:
    @just --list

# Runs all tests.
test:
    cargo test --workspace

# Holds the answers of the example `chinook` against those of SQLite. Needs a C compiler.
sqlite:
    CARGO_TARGET_DIR="$PWD/target" cargo test --manifest-path tests/chinook/Cargo.toml

# Checks the format and lints everything, as CI does.
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --all-features -- -D warnings

# Builds the documentation; a broken link is an error.
docs:
    RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps --workspace --all-features

# Prints what operations cost beside the same work by hand on sled and SQLite, as a table. Needs a C compiler.
bench ARTICLES="10000" FILTER="":
    cd benches && cargo run --release -- {{ ARTICLES }} "{{ FILTER }}"

# Runs the benchmarks whose names contain FILTER, with criterion: benches/target/criterion/report/index.html.
criterion FILTER="":
    cd benches && cargo bench -- "{{ FILTER }}"

# Measures how long a program with 50 entities takes to build, with Musher and with SeaORM.
build-time ENTITIES="50" ROUNDS="3":
    cargo run --release --manifest-path benches/build_time/Cargo.toml -- {{ ENTITIES }} {{ ROUNDS }}

# Runs the model test with many more cases than `just test` does.
model-soak CASES="20000":
    MUSHER_MODEL_CASES={{ CASES }} cargo test --release --test model

# Runs a fuzz target: row_decoding, key_order, operations. The flags are in fuzz/.cargo/config.toml.
fuzz TARGET SECONDS="60":
    mkdir -p fuzz/corpus/{{ TARGET }} fuzz/artifacts/{{ TARGET }}
    cd fuzz && cargo run --release --bin {{ TARGET }} -- corpus/{{ TARGET }} -artifact_prefix=artifacts/{{ TARGET }}/ -max_total_time={{ SECONDS }}

# Kills a writing process at random moments and looks at what it left, so often in each of four setups.
crash ROUNDS="150":
    MUSHER_CRASH_ROUNDS={{ ROUNDS }} cargo test --test crash -- --nocapture

# Takes the power from a disk at random moments of what was written, so often in each of four setups.
power-loss ROUNDS="250":
    MUSHER_POWER_ROUNDS={{ ROUNDS }} cargo test --test power_loss -- --nocapture

# Damages the files of databases at random, and prints a table of what became of them.
damage CASES="1200":
    MUSHER_DAMAGE_CASES={{ CASES }} cargo test --test damage -- --nocapture

# Runs the protocols between threads in every interleaving.
models:
    cd models && cargo test

# Races threads against each other for so many seconds a store.
soak SECONDS="120":
    MUSHER_SOAK_SECONDS={{ SECONDS }} cargo test --release --test threads soak -- --nocapture

# Checks licences, sources and duplicates of the dependencies, and their advisories if it can.
deny:
    .ci/deny

# Runs an example.
example NAME="blog":
    cargo run --example {{ NAME }}

# Runs everything that a change has to pass.
ci:
    .ci/run
