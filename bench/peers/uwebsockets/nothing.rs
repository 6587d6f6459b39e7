// No Rust is built here; see Cargo.toml.
