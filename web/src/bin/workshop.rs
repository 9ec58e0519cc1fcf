//! Starts the workshop.
fn main() {
    kafkarium_web::workshop::start();
}
