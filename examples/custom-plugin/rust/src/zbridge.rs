//! What this plugin needs of zbridge_plugin.h, in its order. A struct that the bridge fills may end
//! where we do not look any more; one that we fill must be whole.
#![allow(non_camel_case_types)]

use std::os::raw::{c_char, c_int, c_void};

pub const ABI_MAJOR: u16 = 1;
pub const ABI_MINOR: u16 = 0;

pub const OK: i32 = 0;
pub const FAILED: i32 = 4;

pub const OPTION_TEXT: u32 = 0;

pub const PASS: i32 = 0;
pub const REFUSE: i32 = 2;
pub const ERROR: i32 = 5;

pub enum zb_context {}
pub enum zb_message {}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct zb_view {
    pub data: *const c_char,
    pub size: usize,
}

impl zb_view {
    pub fn of(bytes: &[u8]) -> zb_view {
        zb_view { data: bytes.as_ptr() as *const c_char, size: bytes.len() }
    }

    /// # Safety
    /// The view must live as long as the slice is used: the header says how long that is.
    pub unsafe fn bytes<'a>(self) -> &'a [u8] {
        if self.size == 0 {
            return &[];
        }
        std::slice::from_raw_parts(self.data as *const u8, self.size)
    }
}

type Unused = *const c_void;

#[repr(C)]
pub struct zb_host {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub version: *const c_char,
    pub build_id: *const c_char,
    option_count: Unused,
    pub option_text: unsafe extern "C" fn(*mut zb_context, *const c_char, u32) -> zb_view,
    option_integer: Unused,
    option_number: Unused,
    option_name: Unused,
    option_error: Unused,
    instance_name: Unused,
    pub set_error: unsafe extern "C" fn(*mut zb_context, i32, c_int, zb_view),
    log: Unused,
    counter: Unused,
    gauge: Unused,
    histogram: Unused,
    metric_add: Unused,
    metric_set: Unused,
    metric_record: Unused,
    set_health: Unused,
    now_ns: Unused,
    wall_clock_ms: Unused,
    pub frame_count: unsafe extern "C" fn(*const zb_message) -> u32,
    pub frame: unsafe extern "C" fn(*const zb_message, u32) -> zb_view,
    set_frame: Unused,
    pub set_frames: unsafe extern "C" fn(*mut zb_message, *const zb_view, u32) -> i32,
    attribute: Unused,
    set_attribute: Unused,
    key_count: Unused,
    key: Unused,
    property: Unused,
    set_property: Unused,
    property_count: Unused,
    property_name: Unused,
    peer: Unused,
    make: Unused,
    copy: Unused,
    release: Unused,
    emit: Unused,
    pub set_reason: unsafe extern "C" fn(*mut zb_context, zb_view),
}

#[repr(C)]
pub struct zb_option {
    pub key: *const c_char,
    pub kind: u32,
    pub flags: u32,
    pub fallback: *const c_char,
    pub min: *const c_char,
    pub max: *const c_char,
    pub choices: *const c_char,
    pub help: *const c_char,
    pub example: *const c_char,
}

#[repr(C)]
pub struct zb_plugin {
    pub size: u32,
    pub abi_major: u16,
    pub abi_minor: u16,
    pub name: *const c_char,
    pub version: *const c_char,
    pub summary: *const c_char,
    pub build_id: *const c_char,
    pub options: *const zb_option,
    pub option_count: u32,
    pub option_size: u32,
    pub create: unsafe extern "C" fn(*const zb_host, *mut zb_context, *mut *mut c_void) -> i32,
    pub start: Option<unsafe extern "C" fn(*mut c_void) -> i32>,
    pub drain: Option<unsafe extern "C" fn(*mut c_void, u64)>,
    pub stop: Option<unsafe extern "C" fn(*mut c_void)>,
    pub destroy: unsafe extern "C" fn(*mut c_void),
    pub get_extension: unsafe extern "C" fn(*const c_char) -> *const c_void,
}

#[repr(C)]
pub struct zb_step {
    pub size: u32,
    pub flags: u32,
    pub on_message: unsafe extern "C" fn(*mut c_void, *mut zb_message) -> i32,
}

// Static tables: nobody writes to them.
unsafe impl Sync for zb_option {}
unsafe impl Sync for zb_plugin {}
