//! The built-in API, a file per resource, listed here once.

mod admin;
mod cluster;
mod collections;
mod control;
mod cursors;
mod databases;
mod documents;
mod echo;
mod foxx;
mod functions;
mod import;
mod indexes;
pub(crate) mod jobs;
mod log;
mod missing;
mod open;
mod operations;
mod options;
mod queries;
mod query_caches;
mod simple;
mod statistics;
mod tokens;
mod transactions;
mod ttl;
mod users;

use crate::route::Route;

/// Every resource's table.
pub(crate) static ALL: &[&[Route]] = &[
    documents::ROUTES,
    cursors::ROUTES,
    import::ROUTES,
    collections::ROUTES,
    indexes::ROUTES,
    databases::ROUTES,
    queries::ROUTES,
    query_caches::ROUTES,
    functions::ROUTES,
    simple::ROUTES,
    users::ROUTES,
    transactions::ROUTES,
    jobs::ROUTES,
    foxx::ROUTES,
    open::ROUTES,
    admin::ROUTES,
    control::ROUTES,
    operations::ROUTES,
    statistics::ROUTES,
    tokens::ROUTES,
    ttl::ROUTES,
    log::ROUTES,
    options::ROUTES,
    cluster::ROUTES,
    echo::ROUTES,
    // Last: its patterns are wide.
    missing::ROUTES,
];
