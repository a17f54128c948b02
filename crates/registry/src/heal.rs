//! What a coordinator does when what it has and what is registered differ.

/// What the registry says of a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Names the bundle.
    pub checksum: &'a str,
    /// Grows with each change.
    pub revision: u64,
    /// Whether the coordinator's folder counts, and not the bundle.
    pub development: bool,
}

/// What is registered for a mount, as far as healing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered<'a> {
    /// This.
    Service(Wanted<'a>),
    /// Nothing, because it was uninstalled.
    Uninstalled,
    /// Nothing, for an unknown reason.
    Unknown,
}

/// What a coordinator serves at a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served<'a> {
    /// Of the registered row it was made from.
    pub checksum: &'a str,
    /// Of the registered row it was made from.
    pub revision: u64,
    /// Whether all else that the registry says of the service is as it was made with.
    pub same_options: bool,
    /// Whether its files did not fit when it was made.
    pub damaged: bool,
}

/// What a coordinator's files of a mount are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Files {
    /// Bundle and folder are those of the registered checksum.
    Sound,
    /// Something is missing.
    Missing,
    /// They are of another bundle, or damaged.
    Other,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing: an operation of this coordinator is under way there.
    Leave,
    /// Nothing: all is as it should be.
    Keep,
    /// Take the service away.
    Remove {
        /// And its files: it was uninstalled. Otherwise they may be all that is left of it.
        files: bool,
    },
    /// Make the service anew; with `restore`, after its files were made anew from the bundle.
    Load {
        /// Whether the files do not fit.
        restore: bool,
    },
}

/// Decides for one mount. `registered` was read while no operation and no other healing of this
/// coordinator was under way at the mount, unless `busy`; `files` is only asked when its answer
/// matters, and with the checksum that they should be of, if any.
///
/// Not whether the registry's revision is larger decides, but whether it is another one: a backup
/// may have been restored.
pub fn decide(
    registered: Registered<'_>,
    served: Option<Served<'_>>,
    busy: bool,
    files: impl FnOnce(Option<&str>) -> Files,
) -> Action {
    if busy {
        return Action::Leave;
    }
    let wanted = match registered {
        Registered::Service(wanted) => wanted,
        Registered::Uninstalled if served.is_some() || files(None) != Files::Missing => {
            return Action::Remove { files: true };
        }
        Registered::Unknown if served.is_some() => return Action::Remove { files: false },
        Registered::Uninstalled | Registered::Unknown => return Action::Keep,
    };
    let files = files(Some(wanted.checksum));
    let restore = match files {
        Files::Sound => false,
        Files::Missing => true,
        // The folder is being worked in.
        Files::Other => !wanted.development,
    };
    let is_current = served.is_some_and(|served| {
        served.checksum == wanted.checksum
            && served.revision == wanted.revision
            && served.same_options
            && !served.damaged
    });
    if is_current && !restore {
        Action::Keep
    } else {
        Action::Load { restore }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted {
        checksum: "b",
        revision: 2,
        development: false,
    };
    const SERVED: Served<'_> = Served {
        checksum: "b",
        revision: 2,
        same_options: true,
        damaged: false,
    };

    const SERVICE: Registered<'_> = Registered::Service(WANTED);

    fn check(
        registered: Registered<'_>,
        served: Option<Served<'_>>,
        files: Files,
        expected: Action,
    ) {
        assert_eq!(decide(registered, served, false, |_| files), expected);
    }

    #[test]
    fn what_is_as_registered_is_kept_and_all_else_made_so() {
        let load = |restore| Action::Load { restore };
        check(SERVICE, Some(SERVED), Files::Sound, Action::Keep);
        check(SERVICE, Some(SERVED), Files::Missing, load(true));
        check(SERVICE, Some(SERVED), Files::Other, load(true));
        check(SERVICE, None, Files::Missing, load(true));
        check(SERVICE, None, Files::Sound, load(false));
        let newer = Served {
            revision: 3,
            ..SERVED
        };
        check(SERVICE, Some(newer), Files::Sound, load(false));
        let other_options = Served {
            same_options: false,
            ..SERVED
        };
        check(SERVICE, Some(other_options), Files::Sound, load(false));
        let damaged = Served {
            damaged: true,
            ..SERVED
        };
        check(SERVICE, Some(damaged), Files::Sound, load(false));
    }

    #[test]
    fn files_go_only_with_what_was_uninstalled() {
        let remove = |files| Action::Remove { files };
        let (gone, unknown) = (Registered::Uninstalled, Registered::Unknown);
        check(gone, Some(SERVED), Files::Sound, remove(true));
        check(gone, None, Files::Other, remove(true));
        check(gone, None, Files::Missing, Action::Keep);
        check(unknown, Some(SERVED), Files::Sound, remove(false));
        check(unknown, None, Files::Other, Action::Keep);
    }

    #[test]
    fn the_folder_of_a_service_in_development_is_not_overwritten() {
        let wanted = Registered::Service(Wanted {
            development: true,
            ..WANTED
        });
        check(wanted, Some(SERVED), Files::Other, Action::Keep);
        check(wanted, None, Files::Missing, Action::Load { restore: true });
    }

    #[test]
    fn a_mount_with_an_operation_under_way_is_left_alone() {
        let files = |_: Option<&str>| -> Files { panic!("nobody looks") };
        let decided = decide(Registered::Unknown, Some(SERVED), true, files);
        assert_eq!(decided, Action::Leave);
    }
}
