//! The commands that can be given to a subject now, as buttons.
use super::report::{OfferedCommand, Subject};
use crate::metadata::TopicPartition;
use crate::trace::Process;
use crate::wire::NodeId;
use crate::world::World;

/// What can be done to the subject now.
pub(super) fn offers(world: &World, subject: Subject) -> Vec<OfferedCommand> {
    match subject {
        Subject::Broker(id) => broker(world, id),
        Subject::Replica(_, id) => broker(world, id),
        Subject::Partition(at) => partition(world, at),
        Subject::Producer(at) => producer(world, at as u16),
        Subject::Consumer(at) => consumer(world, at as u16),
        Subject::Group(at) => group(world, at),
        Subject::Cluster | Subject::Controller => Vec::new(),
    }
}

fn offer(label: String, command: String, hint: &str, fault: bool) -> OfferedCommand {
    OfferedCommand { label, command, hint: hint.to_owned(), fault }
}

fn partition(world: &World, at: u32) -> Vec<OfferedCommand> {
    let image = world.controller().image();
    let known = (at as usize) < image.partitions.len();
    let leader = known.then(|| image.partition(TopicPartition(at)).leader).flatten();
    leader.map_or_else(Vec::new, |leader| broker(world, leader.0))
}

fn broker(world: &World, id: u32) -> Vec<OfferedCommand> {
    let node = NodeId::Broker(id as u16);
    let mut list = Vec::new();
    match world.process(node).0 {
        Process::Running | Process::Starting => {
            list.push(offer(
                format!("Crash broker {id}"),
                format!("crash broker {id}"),
                "The process is killed; its connections break at once.",
                true,
            ));
            list.push(offer(
                "Crash its machine".to_owned(),
                format!("crash machine of broker {id}"),
                "Power is cut: nobody is told, and what was not flushed is gone.",
                true,
            ));
            if world.process(node).0 == Process::Running {
                list.push(offer(
                    "Freeze it".to_owned(),
                    format!("freeze broker {id}"),
                    "As in a long garbage collection: it holds everything and answers nothing.",
                    true,
                ));
                list.push(offer(
                    "Stop it cleanly".to_owned(),
                    format!("stop broker {id}"),
                    "A controlled shutdown: leadership moves away first.",
                    false,
                ));
            }
        }
        Process::Frozen => {
            list.push(offer(
                format!("Thaw broker {id}"),
                format!("thaw broker {id}"),
                "It goes on where it stopped.",
                false,
            ));
            list.push(offer(
                format!("Crash broker {id}"),
                format!("crash broker {id}"),
                "The process is killed.",
                true,
            ));
        }
        Process::Stopped | Process::Crashed | Process::MachineDown => {
            list.push(offer(
                format!("Start broker {id}"),
                format!("start broker {id}"),
                "It registers, and fetches what it missed.",
                false,
            ));
        }
        Process::Stopping => {}
    }
    match world.disturbances(node) {
        (false, false) => {
            list.push(offer(
                "Slow its links".to_owned(),
                format!("slow links of broker {id} by 200 ms"),
                "Every message to and from it takes 200 ms longer.",
                true,
            ));
            list.push(offer(
                "Cut its links".to_owned(),
                format!("cut links of broker {id}"),
                "Nothing gets through, and nobody is told.",
                true,
            ));
        }
        _ => list.push(offer(
            "Heal its links".to_owned(),
            format!("heal links of broker {id}"),
            "Links are again as the scenario has them.",
            false,
        )),
    }
    list
}

fn producer(world: &World, at: u16) -> Vec<OfferedCommand> {
    if at >= world.producer_count() {
        return Vec::new();
    }
    let name = &world.producer_spec(at).client_id;
    let mut list = Vec::new();
    if world.process(NodeId::Producer(at)).0 == Process::Running {
        list.push(offer(
            "Stop it".to_owned(),
            format!("stop producer {name}"),
            "It sends what it holds, then ends.",
            false,
        ));
    }
    list.push(offer(
        "Add one like it".to_owned(),
        format!("add producer like {name}"),
        "A second one with the same load and settings.",
        false,
    ));
    list
}

fn consumer(world: &World, at: u16) -> Vec<OfferedCommand> {
    if at >= world.consumer_count() {
        return Vec::new();
    }
    let slot = world.consumer_slot(at);
    let name = &slot.spec.client_id;
    let mut list = Vec::new();
    match world.process(NodeId::Consumer(at)).0 {
        Process::Running => {
            list.push(offer(
                format!("Crash {name}"),
                format!("crash consumer {name}"),
                "It vanishes; its group waits session.timeout.ms.",
                true,
            ));
            list.push(offer(
                "Freeze it".to_owned(),
                format!("freeze consumer {name}"),
                "It neither polls nor sends heartbeats.",
                true,
            ));
            list.push(offer(
                "Stop it cleanly".to_owned(),
                format!("stop consumer {name}"),
                "It commits and leaves its group.",
                false,
            ));
            if slot.slowdown_percent == 100 {
                list.push(offer(
                    "Slow it 10 times".to_owned(),
                    format!("slow consumer {name} to 1000 %"),
                    "Every record takes ten times as long to process.",
                    true,
                ));
            } else {
                list.push(offer(
                    "Normal speed".to_owned(),
                    format!("slow consumer {name} to 100 %"),
                    "Records take as long as the scenario says.",
                    false,
                ));
            }
        }
        Process::Frozen => {
            list.push(offer(
                format!("Thaw {name}"),
                format!("thaw consumer {name}"),
                "It goes on where it stopped.",
                false,
            ));
        }
        Process::Stopping | Process::Starting => {}
        Process::Stopped | Process::Crashed | Process::MachineDown => {
            list.push(offer(
                format!("Start {name}"),
                format!("start consumer {name}"),
                "It joins its group as a new member.",
                false,
            ));
        }
    }
    list
}

fn group(world: &World, at: u32) -> Vec<OfferedCommand> {
    let Some(group) = world.groups().get(at as usize) else { return Vec::new() };
    let hint = "It joins, and the partitions are shared out again.";
    vec![offer("Add a consumer".to_owned(), format!("add consumer to {}", group.name), hint, false)]
}
