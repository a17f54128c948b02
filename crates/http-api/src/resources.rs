//! The built-in API, a file per resource, listed here once.

mod admin;
mod collections;
mod cursors;
mod databases;
mod documents;
mod foxx;
mod functions;
mod import;
mod indexes;
pub(crate) mod jobs;
mod open;
mod operations;
mod queries;
mod simple;
mod transactions;
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
    functions::ROUTES,
    simple::ROUTES,
    users::ROUTES,
    transactions::ROUTES,
    jobs::ROUTES,
    foxx::ROUTES,
    open::ROUTES,
    admin::ROUTES,
    operations::ROUTES,
];
