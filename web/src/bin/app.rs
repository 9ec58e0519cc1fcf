//! Starts the page.
use kafkarium_web::panels::Page;
use leptos::prelude::*;

fn main() {
    mount_to_body(|| view! { <Page/> });
}
