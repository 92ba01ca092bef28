//! What the engine calls, and what of it no binding offers: functions of ours in the page.
#![allow(unsafe_code)] // the border to the engine, in C; each use has its SAFETY note

use crate::pipe;
use auroraview_core::direct::{INTRODUCTION, Introduction};
use auroraview_core::script::{expression_function, outcome_of_error, runner, statements_function};
use glib::ffi::{GVariant, gpointer};
use glib::gobject_ffi::{self, GObject};
use glib::translate::*;
use javascriptcore::{Context, Value, ValueExt};
use javascriptcore_rs_sys as jsc;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Where the bridge finds its function. It takes it away before any script of the page runs.
const NAME: &CStr = c"__auroraview_lane__";

#[link(name = "webkit2gtk-4.1")]
unsafe extern "C" {
    fn webkit_script_world_get_default() -> *mut GObject;
    fn webkit_frame_is_main_frame(frame: *mut GObject) -> c_int;
    fn webkit_frame_get_uri(frame: *mut GObject) -> *const c_char;
    fn webkit_frame_get_js_context_for_script_world(frame: *mut GObject, world: *mut GObject) -> *mut jsc::JSCContext;
    fn webkit_user_message_get_name(message: *mut GObject) -> *const c_char;
    fn webkit_user_message_get_parameters(message: *mut GObject) -> *mut GVariant;
}

/// Nothing may unwind into the engine.
fn guarded(work: impl FnOnce()) {
    let _ = catch_unwind(AssertUnwindSafe(work));
}

/// The engine calls this once, on the main thread of a new web process.
///
/// # Safety
///
/// For the engine only: it passes its extension and the data that the UI process gave it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn webkit_web_extension_initialize_with_user_data(
    extension: *mut GObject,
    user_data: *const GVariant,
) {
    guarded(|| {
        // SAFETY: the engine lends us the data until we return.
        let data: Option<glib::Variant> = unsafe { from_glib_none(user_data) };
        begin(data.as_ref());
        // SAFETY: both objects live as long as the process, and the handlers have the signatures of their signals.
        unsafe {
            connect(webkit_script_world_get_default(), c"window-object-cleared", on_window as *const ());
            connect(extension, c"page-created", on_page as *const ());
        }
    });
}

/// Takes what the library must know; it may be told nothing at first, and then once.
fn begin(data: Option<&glib::Variant>) {
    if let Some(introduction) = data.and_then(glib::Variant::str).and_then(Introduction::parse) {
        pipe::start(&introduction);
    }
}

/// # Safety
///
/// `handler` must have the signature of the signal.
unsafe fn connect(object: *mut GObject, signal: &CStr, handler: *const ()) {
    // SAFETY: as promised by the caller; the handler needs no data.
    unsafe {
        let handler = std::mem::transmute::<*const (), unsafe extern "C" fn()>(handler);
        let data = std::ptr::null_mut();
        gobject_ffi::g_signal_connect_data(object, signal.as_ptr(), Some(handler), data, None, 0);
    }
}

unsafe extern "C" fn on_page(_extension: *mut GObject, page: *mut GObject, _data: gpointer) {
    // SAFETY: the page lives; the function is called once, when it goes. The handler has the signature of its signal.
    unsafe {
        gobject_ffi::g_object_weak_ref(page, Some(on_page_gone), std::ptr::null_mut());
        connect(page, c"user-message-received", on_message as *const ());
    }
}

/// The UI process says something to its page.
unsafe extern "C" fn on_message(_page: *mut GObject, message: *mut GObject, _data: gpointer) -> c_int {
    guarded(|| {
        // SAFETY: the engine lends us the message; its parts are copied or counted.
        let (name, data): (Option<String>, Option<glib::Variant>) = unsafe {
            (
                from_glib_none(webkit_user_message_get_name(message)),
                from_glib_none(webkit_user_message_get_parameters(message)),
            )
        };
        if name.as_deref() == Some(INTRODUCTION) {
            begin(data.as_ref());
        }
    });
    glib::ffi::GTRUE
}

unsafe extern "C" fn on_page_gone(_data: gpointer, _where: *mut GObject) {
    guarded(pipe::document_ends);
}

/// A document has a new window object, and no script has seen it.
unsafe extern "C" fn on_window(world: *mut GObject, _page: *mut GObject, frame: *mut GObject, _data: gpointer) {
    guarded(|| {
        // SAFETY: the engine lends us world and frame; the address is copied, and the context is given to us.
        let (url, context) = unsafe {
            if webkit_frame_is_main_frame(frame) == 0 {
                return;
            }
            let url: Option<String> = from_glib_none(webkit_frame_get_uri(frame));
            let context: Context = from_glib_full(webkit_frame_get_js_context_for_script_world(frame, world));
            (url.unwrap_or_default(), context)
        };
        if let Some(number) = pipe::document_begins(&url, context.clone()) {
            offer(&context, number);
        }
    });
}

/// Puts the bridge's functions into the page: one that takes a text, and with it as members `take`, which takes a function, and
/// `bytes`, which takes a number and a piece of the attachment of that number.
///
/// Not one for all, since the engine makes an exception with a whole stack trace of every `undefined` where it looks for an object.
fn offer(context: &Context, number: u32) {
    // SAFETY: each function gets what is said here, and the number as its data; the page owns them.
    unsafe {
        let data = number as usize as gpointer;
        let (nothing, value) = (gobject_ffi::G_TYPE_NONE, jsc::jsc_value_get_type());
        let say = function(context, nothing, &mut [gobject_ffi::G_TYPE_STRING], on_say as *const (), data, None);
        let take = function(context, nothing, &mut [value], on_take as *const (), data, None);
        let piece = &mut [gobject_ffi::G_TYPE_DOUBLE, value];
        let bytes = function(context, gobject_ffi::G_TYPE_BOOLEAN, piece, on_bytes as *const (), data, None);
        jsc::jsc_value_object_set_property(say.to_glib_none().0, c"take".as_ptr(), take.to_glib_none().0);
        jsc::jsc_value_object_set_property(say.to_glib_none().0, c"bytes".as_ptr(), bytes.to_glib_none().0);
        jsc::jsc_context_set_value(context.to_glib_none().0, NAME.as_ptr(), say.to_glib_none().0);
    }
}

/// A function of JavaScript.
///
/// # Safety
///
/// `native` must take arguments of `parameters` and then `data`, which must live until `free` is called with it, and return a
/// `result`.
unsafe fn function(
    context: &Context,
    result: glib::ffi::GType,
    parameters: &mut [glib::ffi::GType],
    native: *const (),
    data: gpointer,
    free: glib::ffi::GDestroyNotify,
) -> Value {
    // SAFETY: as promised by the caller; the engine copies the list of types.
    unsafe {
        from_glib_full(jsc::jsc_value_new_functionv(
            context.to_glib_none().0,
            std::ptr::null(),
            Some(std::mem::transmute::<*const (), unsafe extern "C" fn()>(native)),
            data,
            free,
            result,
            parameters.len() as u32,
            parameters.as_mut_ptr(),
        ))
    }
}

unsafe extern "C" fn on_say(text: *const c_char, number: gpointer) {
    guarded(|| {
        // SAFETY: the engine lends us a text.
        let text: Option<String> = unsafe { from_glib_none(text) };
        pipe::bridge_says(number as usize as u32, text.unwrap_or_default());
    });
}

unsafe extern "C" fn on_bytes(id: f64, piece: *mut jsc::JSCValue, number: gpointer) -> c_int {
    let mut goes_on = true;
    guarded(|| {
        // SAFETY: the engine lends us a value.
        let piece: Option<Value> = unsafe { from_glib_none(piece) };
        let Some(piece) = piece.filter(|piece| piece.is_typed_array()) else { return };
        let mut length = 0;
        // SAFETY: the bridge gives arrays of bytes only, so the length is in bytes; nothing of the page runs while they are read.
        let bytes = unsafe {
            let data = jsc::jsc_value_typed_array_get_data(piece.to_glib_none().0, &mut length);
            if data.is_null() { &[] } else { std::slice::from_raw_parts(data.cast::<u8>(), length) }
        };
        goes_on = pipe::bridge_sends(number as usize as u32, id as u64, bytes);
    });
    goes_on.into()
}

unsafe extern "C" fn on_take(function: *mut jsc::JSCValue, number: gpointer) {
    guarded(|| {
        // SAFETY: the engine lends us a value.
        let function: Option<Value> = unsafe { from_glib_none(function) };
        if let Some(function) = function.filter(ValueExt::is_function) {
            pipe::bridge_takes(number as usize as u32, function);
        }
    });
}

/// Calls a function of the bridge with a text, or with null, and a number.
pub fn call(function: &Value, context: &Context, text: Option<&str>, number: u32) {
    let argument = match text {
        Some(text) => Value::new_string(context, Some(text)),
        None => Value::new_null(context),
    };
    call_with(function, context, &[argument, Value::new_number(context, number.into())]);
}

/// Gives a function of the bridge the bytes of attachment `id`. They are copied: the web process takes no array whose memory the
/// engine did not allocate itself.
pub fn give(function: &Value, context: &Context, bytes: &[u8], id: u64) {
    // Without memory for it the bridge gets nothing, and says so to whoever waits for the message.
    if let Some(array) = array_of(context, bytes) {
        call_with(function, context, &[array, Value::new_number(context, id as f64)]);
    }
}

fn array_of(context: &Context, bytes: &[u8]) -> Option<Value> {
    let kind = jsc::JSC_TYPED_ARRAY_UINT8;
    // SAFETY: the array is new and as long as the bytes, and nothing of the page runs before they are in it.
    unsafe {
        let array: Option<Value> =
            from_glib_full(jsc::jsc_value_new_typed_array(context.to_glib_none().0, kind, bytes.len()));
        let array = array.filter(ValueExt::is_typed_array)?;
        let mut length = 0;
        let data = jsc::jsc_value_typed_array_get_data(array.to_glib_none().0, &mut length);
        if data.is_null() || length != bytes.len() {
            return None;
        }
        data.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), length);
        Some(array)
    }
}

/// Tells a function of the bridge that there is room for bytes.
pub fn room(function: &Value, context: &Context) {
    call_with(function, context, &[Value::new_boolean(context, true), Value::new_number(context, 0.0)]);
}

/// What the function throws is its own affair; the bridge's throws nothing.
fn call_with(function: &Value, context: &Context, arguments: &[Value]) {
    let mut raw: Vec<_> = arguments.iter().map(|argument| argument.to_glib_none().0).collect();
    // SAFETY: function, arguments and context live; the result is ours to release.
    unsafe {
        let result = jsc::jsc_value_function_callv(function.to_glib_none().0, raw.len() as u32, raw.as_mut_ptr());
        if !result.is_null() {
            gobject_ffi::g_object_unref(result.cast());
        }
        jsc::jsc_context_clear_exception(context.to_glib_none().0);
    }
}

/// A script that runs. It tells what came of it once: when it ends, or when the engine sees that it never will.
struct Running {
    number: u32,
    id: u64,
    told: bool,
}

impl Running {
    fn tell(&mut self, outcome: String) {
        if !std::mem::replace(&mut self.told, true) {
            pipe::script_ended(self.number, self.id, outcome);
        }
    }
}

/// What runs the scripts of a document, or why nothing can.
pub fn make_runner(context: &Context) -> Result<Value, String> {
    evaluate(context, &runner())
}

/// Runs a script with the runner of its document: as an expression, or if it is none, as statements.
pub fn run_script(runner: &Value, context: &Context, number: u32, id: u64, script: &str) {
    // A function that does not compile did not run.
    let function =
        evaluate(context, &expression_function(script)).or_else(|_| evaluate(context, &statements_function(script)));
    let function = match function {
        Ok(function) => function,
        Err(refusal) => return pipe::script_ended(number, id, refusal),
    };
    let running = Box::into_raw(Box::new(Running { number, id, told: false }));
    // SAFETY: `on_told` takes a text and `running`, which `free_running` frees when the engine has no use for the function any
    // more.
    let tell = unsafe {
        let (nothing, text) = (gobject_ffi::G_TYPE_NONE, &mut [gobject_ffi::G_TYPE_STRING]);
        self::function(context, nothing, text, on_told as *const (), running.cast(), Some(free_running))
    };
    call_with(runner, context, &[function, tell]);
}

/// The function that a text of ours stands for, or why there is none, as an outcome.
fn evaluate(context: &Context, source: &str) -> Result<Value, String> {
    // SAFETY: the context lives; the text has the length that is given.
    let value: Option<Value> = unsafe {
        from_glib_full(jsc::jsc_context_evaluate_with_source_uri(
            context.to_glib_none().0,
            source.as_ptr().cast(),
            source.len() as isize,
            c"auroraview:eval".as_ptr(),
            1,
        ))
    };
    if let Some(refusal) = take_refusal(context) {
        return Err(refusal);
    }
    value.filter(ValueExt::is_function).ok_or_else(|| outcome_of_error("SyntaxError", "the script is no function"))
}

/// The outcome of a script that does not compile, in the words of the engine's exception. Takes that away.
fn take_refusal(context: &Context) -> Option<String> {
    // SAFETY: the context lives and lends us its exception until that is cleared; the texts are ours.
    let (name, message): (Option<String>, Option<String>) = unsafe {
        let exception = jsc::jsc_context_get_exception(context.to_glib_none().0);
        if exception.is_null() {
            return None;
        }
        let texts = (
            from_glib_none(jsc::jsc_exception_get_name(exception)),
            from_glib_none(jsc::jsc_exception_get_message(exception)),
        );
        jsc::jsc_context_clear_exception(context.to_glib_none().0);
        texts
    };
    Some(outcome_of_error(name.as_deref().unwrap_or("Error"), message.as_deref().unwrap_or_default()))
}

unsafe extern "C" fn on_told(outcome: *const c_char, running: gpointer) {
    guarded(|| {
        // SAFETY: the engine lends us the text; `running` is the box of `run_script`, which lives as long as the function.
        let (outcome, running) =
            unsafe { (from_glib_none::<_, Option<String>>(outcome), &mut *running.cast::<Running>()) };
        running.tell(outcome.unwrap_or_default());
    });
}

unsafe extern "C" fn free_running(running: *mut c_void) {
    guarded(|| {
        // SAFETY: `running` is the box of `run_script`; the engine calls this once.
        let mut running = unsafe { Box::<Running>::from_raw(running.cast()) };
        running.tell(outcome_of_error("Error", "the script will never end: nothing that it waits for is left"));
    });
}
