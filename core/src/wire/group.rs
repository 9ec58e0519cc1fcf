//! JoinGroup of the classic group protocol.
use super::ErrorCode;
use crate::metadata::{GroupId, TopicId};
use std::sync::Arc;

/// `member.id`: `<client.id>-<unique>`, given by the coordinator. Its order is that of its text.
pub type MemberId = Arc<str>;

/// A consumer joins, or joins again.
#[derive(Clone, Debug)]
pub struct JoinGroupRequest {
    /// The group.
    pub group: GroupId,
    /// `None` the first time: answered by `MEMBER_ID_REQUIRED` with an id.
    pub member: Option<MemberId>,
    /// `client.id`: `billing-1`.
    pub client_id: Arc<str>,
    /// `session.timeout.ms`.
    pub session_timeout_ms: u32,
    /// The rebalance timeout: `max.poll.interval.ms`.
    pub rebalance_timeout_ms: u32,
    /// The topics subscribed to.
    pub topics: Vec<TopicId>,
}

/// The end of the join phase, for one member.
#[derive(Clone, Debug)]
pub struct JoinGroupResponse {
    /// What went wrong, if anything.
    pub error: ErrorCode,
    /// The new generation.
    pub generation: u32,
    /// The receiver's id.
    pub member: MemberId,
    /// Who leads the group and computes the assignment.
    pub leader: MemberId,
    /// All members with their subscriptions; for the leader only.
    pub members: Vec<JoinedMember>,
}

/// A member as its group's leader sees it.
#[derive(Clone, Debug)]
pub struct JoinedMember {
    /// Its id.
    pub id: MemberId,
    /// The topics it subscribed to.
    pub topics: Vec<TopicId>,
}
