//! Messages on their way, each in a slot of its own from when it is sent to when it is read.
//!
//! It knows nothing of who sent them, nor of when they arrive.
use crate::wire::Message;

/// Slots of messages. A number stays the message's own until it is taken.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    slots: Vec<Option<Message>>,
    free: Vec<u32>,
}

impl Mail {
    /// Puts a message into a slot.
    #[inline]
    pub fn put(&mut self, message: Message) -> u32 {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(message);
            return slot;
        }
        self.slots.push(Some(message));
        self.slots.len() as u32 - 1
    }

    /// Takes the message out; its slot is free.
    #[inline]
    pub fn take(&mut self, slot: u32) -> Message {
        self.free.push(slot);
        self.slots[slot as usize].take().expect("every message is taken once")
    }

    /// The message in a slot that is not free.
    #[inline]
    pub fn get(&self, slot: u32) -> &Message {
        self.slots[slot as usize].as_ref().expect("a message is there until it is taken")
    }

    /// The messages with their slots.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Message)> {
        (0..).zip(&self.slots).filter_map(|(slot, message)| Some((slot, message.as_ref()?)))
    }

    /// How many slots there are, free ones too.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there was never a message.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}
