//! checksum: adds a frame with the CRC-32 of the last one to each message.

mod zbridge;

use std::ffi::CStr;
use std::mem::size_of;
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr::null;

use zbridge::*;

/// Of the C string literals below.
macro_rules! c {
    ($text:literal) => {
        concat!($text, "\0").as_ptr() as *const c_char
    };
}

struct Checksum {
    host: &'static zb_host,
    context: *mut zb_context,
    label: Vec<u8>,
}

impl Checksum {
    unsafe fn on_message(&mut self, message: *mut zb_message) -> i32 {
        let count = (self.host.frame_count)(message);
        if count == 0 {
            (self.host.set_reason)(self.context, zb_view::of(b"the message is empty"));
            return REFUSE;
        }
        let mut frames: Vec<zb_view> =
            (0..count).map(|index| (self.host.frame)(message, index)).collect();
        let mut sum = self.label.clone();
        sum.extend(format!("{:08x}", crc32(frames[frames.len() - 1].bytes())).bytes());
        frames.push(zb_view::of(&sum));
        match (self.host.set_frames)(message, frames.as_ptr(), frames.len() as u32) {
            OK => PASS,
            result => {
                let why = zb_view::of(b"the message has no room for one more frame");
                (self.host.set_error)(self.context, result, 0, why);
                ERROR
            }
        }
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = !0u32;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 };
        }
    }
    !sum
}

unsafe extern "C" fn create(
    host: *const zb_host,
    context: *mut zb_context,
    instance: *mut *mut c_void,
) -> i32 {
    let host = &*host;
    let label = (host.option_text)(context, c!("label"), 0).bytes().to_vec();
    *instance = Box::into_raw(Box::new(Checksum { host, context, label })) as *mut c_void;
    OK
}

unsafe extern "C" fn destroy(instance: *mut c_void) {
    drop(Box::from_raw(instance as *mut Checksum));
}

// A panic must not cross into the bridge.
unsafe extern "C" fn on_message(instance: *mut c_void, message: *mut zb_message) -> i32 {
    let step = &mut *(instance as *mut Checksum);
    catch_unwind(AssertUnwindSafe(|| step.on_message(message))).unwrap_or_else(|_| {
        (step.host.set_error)(step.context, FAILED, 0, zb_view::of(b"it panicked"));
        ERROR
    })
}

unsafe extern "C" fn get_extension(id: *const c_char) -> *const c_void {
    static STEP: zb_step = zb_step { size: size_of::<zb_step>() as u32, flags: 0, on_message };
    if CStr::from_ptr(id).to_bytes() == b"zbridge.step/1" {
        return &STEP as *const zb_step as *const c_void;
    }
    null()
}

static OPTIONS: [zb_option; 1] = [zb_option {
    key: c!("label"),
    kind: OPTION_TEXT,
    flags: 0,
    fallback: c!("crc32 "),
    min: null(),
    max: null(),
    choices: null(),
    help: c!("What stands before the sum."),
    example: null(),
}];

static PLUGIN: zb_plugin = zb_plugin {
    size: size_of::<zb_plugin>() as u32,
    abi_major: ABI_MAJOR,
    abi_minor: ABI_MINOR,
    name: c!("checksum"),
    version: c!("1.0.0"),
    summary: c!("Adds a frame with the CRC-32 of the last one."),
    build_id: null(),
    options: &OPTIONS as *const zb_option,
    option_count: 1,
    option_size: size_of::<zb_option>() as u32,
    create,
    start: None,
    drain: None,
    stop: None,
    destroy,
    get_extension,
};

#[no_mangle]
pub extern "C" fn zbridge_plugin_entry() -> *const zb_plugin {
    &PLUGIN
}
