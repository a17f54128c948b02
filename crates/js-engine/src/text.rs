//! Strings across the boundary: Rust's UTF-8, the engine's Latin-1 or UTF-16.

use std::borrow::Cow;
use std::ffi::{CStr, c_char};

use crate::ffi;

/// An owned engine string. Independent of any VM.
pub(crate) struct JsText(ffi::JSStringRef);

impl JsText {
    pub(crate) fn new(text: &str) -> Self {
        // Short texts are terminated on the stack: property names and messages are all short.
        let mut buffer = [0_u8; 128];
        let bytes = text.as_bytes();
        if let Some(head) = buffer.get_mut(..bytes.len() + 1)
            && !bytes.contains(&0)
        {
            let (body, _terminator) = head.split_at_mut(bytes.len());
            body.copy_from_slice(bytes);
            // SAFETY: `buffer` is zero-terminated and valid UTF-8; the engine copies it.
            return Self(unsafe { ffi::JSStringCreateWithUTF8CString(buffer.as_ptr().cast()) });
        }
        if bytes.contains(&0) {
            let units: Vec<u16> = text.encode_utf16().collect();
            // SAFETY: pointer and length are those of a live slice; the engine copies it.
            return Self(unsafe { ffi::JSStringCreateWithCharacters(units.as_ptr(), units.len()) });
        }
        let mut owned = Vec::with_capacity(bytes.len() + 1);
        owned.extend_from_slice(bytes);
        owned.push(0);
        // SAFETY: `owned` is zero-terminated, valid UTF-8; the engine copies it.
        Self(unsafe { ffi::JSStringCreateWithUTF8CString(owned.as_ptr().cast()) })
    }

    pub(crate) fn from_c(text: &CStr) -> Self {
        // SAFETY: a `CStr` is zero-terminated; the engine copies it.
        Self(unsafe { ffi::JSStringCreateWithUTF8CString(text.as_ptr()) })
    }

    /// Takes over one reference; `None` for null.
    ///
    /// # Safety
    /// `raw` is null or a string reference that the caller owns and gives away.
    pub(crate) unsafe fn from_owned(raw: ffi::JSStringRef) -> Option<Self> {
        if raw.is_null() { None } else { Some(Self(raw)) }
    }

    pub(crate) fn raw(&self) -> ffi::JSStringRef {
        self.0
    }

    /// Length in UTF-16 units.
    pub(crate) fn units(&self) -> usize {
        // SAFETY: `self.0` is a live string.
        unsafe { ffi::JSStringGetLength(self.0) }
    }

    /// As UTF-8; lone surrogates become U+FFFD.
    pub(crate) fn to_utf8(&self) -> String {
        let units = self.units();
        // Most strings are ASCII, and then one byte a unit is enough.
        let bytes = self.copy_utf8(units + 1);
        if bytes.len() == units
            && bytes.is_ascii()
            && let Ok(text) = String::from_utf8(bytes)
        {
            return text;
        }
        // The engine stops at a lone surrogate.
        match String::from_utf8(self.copy_utf8(units * 3 + 1)) {
            Ok(mut text) if text.encode_utf16().count() == units => {
                text.shrink_to_fit();
                text
            }
            _ => self.to_utf8_lossy(),
        }
    }

    /// What fits into `size` bytes with the terminator, without the terminator.
    fn copy_utf8(&self, size: usize) -> Vec<u8> {
        let mut buffer: Vec<u8> = Vec::with_capacity(size);
        let target = buffer.as_mut_ptr().cast::<c_char>();
        // SAFETY: the buffer has room for `size` bytes and the call writes at most that many,
        // returning how many it wrote; they are initialized then.
        unsafe {
            let written = ffi::JSStringGetUTF8CString(self.0, target, size).min(size);
            buffer.set_len(written.saturating_sub(1));
        }
        buffer
    }

    fn to_utf8_lossy(&self) -> String {
        // SAFETY: the pointer is valid for `units` elements as long as the string lives.
        let units = unsafe {
            let start = ffi::JSStringGetCharactersPtr(self.0);
            if start.is_null() {
                return String::new();
            }
            std::slice::from_raw_parts(start, self.units())
        };
        String::from_utf16_lossy(units)
    }
}

impl Drop for JsText {
    fn drop(&mut self) {
        // SAFETY: this is the reference that the constructor took.
        unsafe { ffi::JSStringRelease(self.0) }
    }
}

/// A property name made once and used often. Stays on its thread, fits every VM there.
pub struct Atom(pub(crate) JsText);

impl Atom {
    /// Makes the name.
    pub fn new(name: &str) -> Self {
        Self(JsText::new(name))
    }
}

/// What names a property: text, or an [`Atom`] that saves making it each time.
pub trait PropertyName {
    /// Passes the engine's string for the name on.
    #[doc(hidden)]
    fn with_name<T>(&self, then: impl FnOnce(&Atom) -> T) -> T;
}

impl PropertyName for Atom {
    fn with_name<T>(&self, then: impl FnOnce(&Atom) -> T) -> T {
        then(self)
    }
}

impl PropertyName for str {
    fn with_name<T>(&self, then: impl FnOnce(&Atom) -> T) -> T {
        then(&Atom::new(self))
    }
}

impl PropertyName for String {
    fn with_name<T>(&self, then: impl FnOnce(&Atom) -> T) -> T {
        self.as_str().with_name(then)
    }
}

impl PropertyName for Cow<'_, str> {
    fn with_name<T>(&self, then: impl FnOnce(&Atom) -> T) -> T {
        (**self).with_name(then)
    }
}

impl<N: PropertyName + ?Sized> PropertyName for &N {
    fn with_name<T>(&self, then: impl FnOnce(&Atom) -> T) -> T {
        (**self).with_name(then)
    }
}
