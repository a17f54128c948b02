//! The HTTP interface: wire types, authentication, limits and routes.
