//! Services: bundles, manifests, registry, lifecycle, mount table, worker pool, scripts and the JavaScript modules services see.
