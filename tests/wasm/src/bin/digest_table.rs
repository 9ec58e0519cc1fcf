//! Prints the digest table as the native build computes it.
fn main() {
    println!("{}", kafkarium_wasm_probe::digest_table());
}
