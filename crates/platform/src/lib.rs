//! Clock, randomness, identifiers, named threads: the only door to the ambient world.
