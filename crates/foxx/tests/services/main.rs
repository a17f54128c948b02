//! Services as their owners and visitors see them: installed from zips, answered by real VMs, kept
//! in the in-memory store.

mod corpus;
mod guestbook;
mod harness;
mod healing;
mod lifecycle;
mod limits;
mod machine;
