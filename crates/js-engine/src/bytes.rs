//! Bytes across the boundary without copying them.

use std::ffi::c_void;
use std::ptr;

use bytes::Bytes;

use crate::exception::Exception;
use crate::ffi;
use crate::scope::Scope;
use crate::value::Value;

impl Scope {
    /// A `Uint8Array` over `data`.
    ///
    /// No byte is copied where `data` is the only owner of its memory; otherwise they are,
    /// because a script may write into its array.
    ///
    /// # Errors
    /// A RangeError when it is too large.
    pub fn bytes(&self, data: Bytes) -> Result<Value, Exception> {
        let owned: Vec<u8> = match data.try_into_mut() {
            Ok(unique) => unique.into(),
            Err(shared) => shared.to_vec(),
        };
        self.bytes_from_vec(owned)
    }

    /// A `Uint8Array` that takes `data` over.
    ///
    /// # Errors
    /// A RangeError when it is too large.
    pub fn bytes_from_vec(&self, data: Vec<u8>) -> Result<Value, Exception> {
        let inner = self.inner();
        let mut thrown = ptr::null();
        let mut owner = Box::new(data);
        let (start, length) = (owner.as_mut_ptr().cast::<c_void>(), owner.len());
        let context = Box::into_raw(owner).cast::<c_void>();
        // SAFETY: the bytes stay where they are until the engine calls `free_vec`, which it does
        // exactly once, also when it fails; until then nobody else touches them.
        let raw = unsafe {
            let (ctx, kind) = (inner.ctx(), ffi::TYPED_ARRAY_UINT8);
            let free = Some(free_vec as ffi::Deallocate);
            ffi::JSObjectMakeTypedArrayWithBytesNoCopy(
                ctx,
                kind,
                start,
                length,
                free,
                context,
                &mut thrown,
            )
        };
        inner.value(raw, thrown)
    }
}

impl Value {
    /// Reads the bytes of a typed array or `ArrayBuffer` in place; `None` for other values.
    ///
    /// # Panics
    /// If `read` uses the VM, for the bytes could change under it.
    pub fn with_bytes<T>(&self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let kind = self.typed_array_type();
        let scope = self.scope();
        let ctx = scope.inner().ctx();
        let mut thrown = ptr::null();
        // SAFETY: context and object are live and of the right kind.
        let (start, length) = unsafe {
            match kind {
                ffi::TYPED_ARRAY_NONE => return None,
                ffi::TYPED_ARRAY_ARRAY_BUFFER => (
                    ffi::JSObjectGetArrayBufferBytesPtr(ctx, self.raw(), &mut thrown),
                    ffi::JSObjectGetArrayBufferByteLength(ctx, self.raw(), &mut thrown),
                ),
                _ => {
                    let offset = ffi::JSObjectGetTypedArrayByteOffset(ctx, self.raw(), &mut thrown);
                    let start = ffi::JSObjectGetTypedArrayBytesPtr(ctx, self.raw(), &mut thrown);
                    let length = ffi::JSObjectGetTypedArrayByteLength(ctx, self.raw(), &mut thrown);
                    (start.wrapping_byte_add(offset), length)
                }
            }
        };
        if start.is_null() || length == 0 || !thrown.is_null() {
            return Some(read(&[]));
        }
        // SAFETY: the engine pins the buffer once its pointer was asked for, and nothing can use
        // the VM while `read` runs. `self` keeps the object alive.
        let slice = unsafe { std::slice::from_raw_parts(start.cast(), length) };
        Some(scope.inner().lend(|| read(slice)))
    }

    /// A copy of the bytes of a typed array or `ArrayBuffer`; `None` for other values.
    pub fn to_bytes(&self) -> Option<Bytes> {
        self.with_bytes(Bytes::copy_from_slice)
    }
}

/// The engine is done with the bytes of [`Scope::bytes_from_vec`].
unsafe extern "C" fn free_vec(_bytes: *mut c_void, context: *mut c_void) {
    // SAFETY: `context` came from `Box::into_raw` and the engine calls this once.
    drop(unsafe { Box::from_raw(context.cast::<Vec<u8>>()) });
}
