//! Kafka's rules seen from outside: a scenario's text goes in, commands come at moments, facts and state come out.
mod replication;
mod isr;
mod elections;
mod truncation;
mod shutdown;
mod links;
mod retention;
mod producers;
mod commands;
mod promises;

use kafkarium_tests::stage;
