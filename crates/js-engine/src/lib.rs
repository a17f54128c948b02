//! JavaScript VMs on the system JavaScriptCore: limits, termination, value conversion, promises.
