//! The Leptos page and the worker that runs the simulation.
