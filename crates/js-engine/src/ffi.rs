//! The part of JavaScriptCore's C API that this crate calls, declared by hand.
//!
//! Types and signatures follow the installed headers (`JavaScriptCore/JSBase.h` and its
//! neighbours). The last block is declared in headers that are not installed, but exported by
//! the library and stable for over ten years.

use std::ffi::{c_char, c_double, c_int, c_uint, c_void};
use std::marker::{PhantomData, PhantomPinned};

macro_rules! opaque {
    ($($name:ident),*) => {$(
        #[repr(C)]
        pub struct $name {
            _data: [u8; 0],
            _marker: PhantomData<(*mut u8, PhantomPinned)>,
        }
    )*};
}
opaque!(
    OpaqueGroup,
    OpaqueContext,
    OpaqueString,
    OpaqueValue,
    OpaqueClass,
    OpaqueNames
);

pub type JSContextGroupRef = *const OpaqueGroup;
/// `JSContextRef` and `JSGlobalContextRef` differ only in what C may do with them.
pub type JSContextRef = *const OpaqueContext;
pub type JSStringRef = *const OpaqueString;
/// `JSValueRef` and `JSObjectRef`: an object is a value.
pub type JSValueRef = *const OpaqueValue;
pub type JSObjectRef = JSValueRef;
pub type JSClassRef = *const OpaqueClass;
pub type JSPropertyNameArrayRef = *const OpaqueNames;

pub type CallAsFunction = unsafe extern "C" fn(
    ctx: JSContextRef,
    function: JSObjectRef,
    this: JSObjectRef,
    argument_count: usize,
    arguments: *const JSValueRef,
    exception: *mut JSValueRef,
) -> JSValueRef;
pub type Finalize = unsafe extern "C" fn(object: JSObjectRef);
pub type Deallocate = unsafe extern "C" fn(bytes: *mut c_void, context: *mut c_void);
pub type HeapFinalizer = unsafe extern "C" fn(group: JSContextGroupRef, context: *mut c_void);
pub type ShouldTerminate = unsafe extern "C" fn(ctx: JSContextRef, context: *mut c_void) -> bool;

pub const TYPE_UNDEFINED: c_int = 0;
pub const TYPE_NULL: c_int = 1;
pub const TYPE_BOOLEAN: c_int = 2;
pub const TYPE_NUMBER: c_int = 3;
pub const TYPE_STRING: c_int = 4;
pub const TYPE_OBJECT: c_int = 5;
pub const TYPE_SYMBOL: c_int = 6;
pub const TYPE_BIGINT: c_int = 7;

pub const TYPED_ARRAY_UINT8: c_int = 3;
pub const TYPED_ARRAY_ARRAY_BUFFER: c_int = 9;
pub const TYPED_ARRAY_NONE: c_int = 10;

pub const ATTRIBUTE_NONE: c_uint = 0;
pub const ATTRIBUTE_READ_ONLY: c_uint = 1 << 1;
pub const ATTRIBUTE_DONT_ENUM: c_uint = 1 << 2;

pub const CLASS_NO_AUTOMATIC_PROTOTYPE: c_uint = 1 << 1;

#[repr(C)]
pub struct JSClassDefinition {
    pub version: c_int,
    pub attributes: c_uint,
    pub class_name: *const c_char,
    pub parent_class: JSClassRef,
    pub static_values: *const c_void,
    pub static_functions: *const c_void,
    pub initialize: Option<unsafe extern "C" fn(JSContextRef, JSObjectRef)>,
    pub finalize: Option<Finalize>,
    pub has_property: *const c_void,
    pub get_property: *const c_void,
    pub set_property: *const c_void,
    pub delete_property: *const c_void,
    pub get_property_names: *const c_void,
    pub call_as_function: Option<CallAsFunction>,
    pub call_as_constructor: *const c_void,
    pub has_instance: *const c_void,
    pub convert_to_type: *const c_void,
}

unsafe extern "C" {
    pub fn JSContextGroupCreate() -> JSContextGroupRef;
    pub fn JSContextGroupRelease(group: JSContextGroupRef);
    pub fn JSGlobalContextCreateInGroup(
        group: JSContextGroupRef,
        class: JSClassRef,
    ) -> JSContextRef;
    pub fn JSGlobalContextRelease(ctx: JSContextRef);
    pub fn JSContextGetGlobalObject(ctx: JSContextRef) -> JSObjectRef;

    pub fn JSEvaluateScript(
        ctx: JSContextRef,
        script: JSStringRef,
        this: JSObjectRef,
        url: JSStringRef,
        first_line: c_int,
        exception: *mut JSValueRef,
    ) -> JSValueRef;
    pub fn JSCheckScriptSyntax(
        ctx: JSContextRef,
        script: JSStringRef,
        url: JSStringRef,
        first_line: c_int,
        exception: *mut JSValueRef,
    ) -> bool;

    pub fn JSStringCreateWithUTF8CString(text: *const c_char) -> JSStringRef;
    pub fn JSStringCreateWithCharacters(units: *const u16, count: usize) -> JSStringRef;
    pub fn JSStringRelease(string: JSStringRef);
    pub fn JSStringGetLength(string: JSStringRef) -> usize;
    pub fn JSStringGetCharactersPtr(string: JSStringRef) -> *const u16;
    pub fn JSStringGetUTF8CString(string: JSStringRef, buffer: *mut c_char, size: usize) -> usize;

    pub fn JSValueGetType(ctx: JSContextRef, value: JSValueRef) -> c_int;
    pub fn JSValueIsArray(ctx: JSContextRef, value: JSValueRef) -> bool;
    pub fn JSValueIsDate(ctx: JSContextRef, value: JSValueRef) -> bool;
    pub fn JSValueGetTypedArrayType(
        ctx: JSContextRef,
        value: JSValueRef,
        exception: *mut JSValueRef,
    ) -> c_int;
    pub fn JSValueIsStrictEqual(ctx: JSContextRef, a: JSValueRef, b: JSValueRef) -> bool;
    pub fn JSValueIsInstanceOfConstructor(
        ctx: JSContextRef,
        value: JSValueRef,
        constructor: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> bool;
    pub fn JSValueMakeUndefined(ctx: JSContextRef) -> JSValueRef;
    pub fn JSValueMakeNull(ctx: JSContextRef) -> JSValueRef;
    pub fn JSValueMakeBoolean(ctx: JSContextRef, value: bool) -> JSValueRef;
    pub fn JSValueMakeNumber(ctx: JSContextRef, value: c_double) -> JSValueRef;
    pub fn JSValueMakeString(ctx: JSContextRef, string: JSStringRef) -> JSValueRef;
    pub fn JSValueMakeFromJSONString(ctx: JSContextRef, string: JSStringRef) -> JSValueRef;
    pub fn JSValueCreateJSONString(
        ctx: JSContextRef,
        value: JSValueRef,
        indent: c_uint,
        exception: *mut JSValueRef,
    ) -> JSStringRef;
    pub fn JSValueToBoolean(ctx: JSContextRef, value: JSValueRef) -> bool;
    pub fn JSValueToNumber(
        ctx: JSContextRef,
        value: JSValueRef,
        exception: *mut JSValueRef,
    ) -> c_double;
    pub fn JSValueToStringCopy(
        ctx: JSContextRef,
        value: JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSStringRef;
    pub fn JSValueProtect(ctx: JSContextRef, value: JSValueRef);
    pub fn JSValueUnprotect(ctx: JSContextRef, value: JSValueRef);

    pub fn JSClassCreate(definition: *const JSClassDefinition) -> JSClassRef;
    pub fn JSClassRelease(class: JSClassRef);
    pub fn JSObjectMake(ctx: JSContextRef, class: JSClassRef, data: *mut c_void) -> JSObjectRef;
    pub fn JSObjectMakeArray(
        ctx: JSContextRef,
        count: usize,
        values: *const JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;
    pub fn JSObjectMakeDate(
        ctx: JSContextRef,
        count: usize,
        arguments: *const JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;
    pub fn JSObjectMakeDeferredPromise(
        ctx: JSContextRef,
        resolve: *mut JSObjectRef,
        reject: *mut JSObjectRef,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;
    pub fn JSObjectGetPrototype(ctx: JSContextRef, object: JSObjectRef) -> JSValueRef;
    pub fn JSObjectSetPrototype(ctx: JSContextRef, object: JSObjectRef, value: JSValueRef);
    pub fn JSObjectHasProperty(ctx: JSContextRef, object: JSObjectRef, name: JSStringRef) -> bool;
    pub fn JSObjectGetProperty(
        ctx: JSContextRef,
        object: JSObjectRef,
        name: JSStringRef,
        exception: *mut JSValueRef,
    ) -> JSValueRef;
    pub fn JSObjectSetProperty(
        ctx: JSContextRef,
        object: JSObjectRef,
        name: JSStringRef,
        value: JSValueRef,
        attributes: c_uint,
        exception: *mut JSValueRef,
    );
    pub fn JSObjectDeleteProperty(
        ctx: JSContextRef,
        object: JSObjectRef,
        name: JSStringRef,
        exception: *mut JSValueRef,
    ) -> bool;
    pub fn JSObjectGetPropertyAtIndex(
        ctx: JSContextRef,
        object: JSObjectRef,
        index: c_uint,
        exception: *mut JSValueRef,
    ) -> JSValueRef;
    pub fn JSObjectSetPropertyAtIndex(
        ctx: JSContextRef,
        object: JSObjectRef,
        index: c_uint,
        value: JSValueRef,
        exception: *mut JSValueRef,
    );
    pub fn JSObjectGetPrivate(object: JSObjectRef) -> *mut c_void;
    pub fn JSObjectIsFunction(ctx: JSContextRef, object: JSObjectRef) -> bool;
    pub fn JSObjectCallAsFunction(
        ctx: JSContextRef,
        function: JSObjectRef,
        this: JSObjectRef,
        count: usize,
        arguments: *const JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSValueRef;
    pub fn JSObjectCallAsConstructor(
        ctx: JSContextRef,
        constructor: JSObjectRef,
        count: usize,
        arguments: *const JSValueRef,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;
    pub fn JSObjectCopyPropertyNames(
        ctx: JSContextRef,
        object: JSObjectRef,
    ) -> JSPropertyNameArrayRef;
    pub fn JSPropertyNameArrayGetCount(names: JSPropertyNameArrayRef) -> usize;
    pub fn JSPropertyNameArrayGetNameAtIndex(
        names: JSPropertyNameArrayRef,
        index: usize,
    ) -> JSStringRef;
    pub fn JSPropertyNameArrayRelease(names: JSPropertyNameArrayRef);

    pub fn JSObjectMakeTypedArrayWithBytesNoCopy(
        ctx: JSContextRef,
        kind: c_int,
        bytes: *mut c_void,
        length: usize,
        deallocate: Option<Deallocate>,
        context: *mut c_void,
        exception: *mut JSValueRef,
    ) -> JSObjectRef;
    pub fn JSObjectGetTypedArrayBytesPtr(
        ctx: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> *mut c_void;
    pub fn JSObjectGetTypedArrayByteLength(
        ctx: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> usize;
    pub fn JSObjectGetTypedArrayByteOffset(
        ctx: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> usize;
    pub fn JSObjectGetArrayBufferBytesPtr(
        ctx: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> *mut c_void;
    pub fn JSObjectGetArrayBufferByteLength(
        ctx: JSContextRef,
        object: JSObjectRef,
        exception: *mut JSValueRef,
    ) -> usize;
}

// Exported, but declared in private headers (`JSContextRefPrivate.h`, `JSBasePrivate.h`).
unsafe extern "C" {
    pub fn JSContextGroupSetExecutionTimeLimit(
        group: JSContextGroupRef,
        limit_seconds: c_double,
        callback: Option<ShouldTerminate>,
        context: *mut c_void,
    );
    pub fn JSSynchronousGarbageCollectForDebugging(ctx: JSContextRef);
    pub fn JSLock(ctx: JSContextRef);
    pub fn JSUnlock(ctx: JSContextRef);
    pub fn JSContextGroupAddHeapFinalizer(
        group: JSContextGroupRef,
        finalizer: HeapFinalizer,
        context: *mut c_void,
    );
    pub fn JSGetMemoryUsageStatistics(ctx: JSContextRef) -> JSObjectRef;
    pub fn JSGlobalContextSetUnhandledRejectionCallback(
        ctx: JSContextRef,
        function: JSObjectRef,
        exception: *mut JSValueRef,
    );
}

// The system's dynamic linker, and the library's public way to set engine options.
unsafe extern "C" {
    pub fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    #[cfg(not(target_os = "macos"))]
    pub fn jsc_options_set_boolean(name: *const c_char, value: c_int) -> c_int;
}
