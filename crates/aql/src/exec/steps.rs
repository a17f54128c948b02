//! The steps, a file per family.

mod aggregate;
mod collect;
mod index;
mod join;
mod kept;
mod modify;
mod order;
mod produce;
mod scan;
mod simple;
mod union;
mod upsert;
mod window;

use super::pipeline::{Place, Step};
use crate::plan::Node;

/// The step that does what a node describes.
pub(super) fn step_of(node: &Node, place: Place) -> Box<dyn Step> {
    match node {
        Node::EnumerateCollection { join: Some(_), .. } => Box::new(join::JoinStep::new(place)),
        Node::EnumerateCollection { .. } => Box::new(scan::CollectionScan::new(place)),
        Node::Index(_) => Box::new(index::IndexStep::new(place)),
        Node::IndexUnion(_) => Box::new(union::UnionStep::new(place)),
        Node::EnumerateList { .. } => Box::new(scan::ListScan::new(place)),
        Node::Filter(_) => Box::new(simple::Filter::new(place)),
        Node::Calculate { .. } => Box::new(simple::Calculate::new(place)),
        Node::Sort { .. } => Box::new(order::Sort::new(place)),
        Node::Limit { .. } => Box::new(order::Limit::new(place)),
        Node::Collect(_) => Box::new(collect::CollectStep::new(place)),
        Node::Window(_) => Box::new(window::WindowStep::new(place)),
        Node::Distinct(_) => Box::new(simple::Distinct::new(place)),
        Node::Modify(_) => Box::new(modify::ModifyStep::new(place)),
        Node::Upsert(_) => Box::new(upsert::UpsertStep::new(place)),
        Node::Buffer => Box::<kept::BufferStep>::default(),
        Node::NoResults => Box::new(simple::NoResults),
    }
}
