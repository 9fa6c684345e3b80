/* shout: turns one frame of each message into capitals. */
#include <stdlib.h>
#include <string.h>

#include <zbridge_plugin.h>

typedef struct Shout {
    const zb_host* host;
    zb_context* context;
    uint32_t frame;
} Shout;

static zb_view view(const char* text) {
    zb_view bytes;
    bytes.data = text;
    bytes.size = strlen(text);
    return bytes;
}

static zb_result create(const zb_host* host, zb_context* context, void** instance) {
    Shout* self = calloc(1, sizeof(*self));
    if (self == NULL) {
        host->set_error(context, ZB_FAILED, 0, view("no memory"));
        return ZB_FAILED;
    }
    self->host = host;
    self->context = context;
    self->frame = (uint32_t)host->option_integer(context, "frame", 0);
    *instance = self;
    return ZB_OK;
}

static void destroy(void* instance) {
    free(instance);
}

static zb_verdict on_message(void* instance, zb_message* message) {
    Shout* self = instance;
    const zb_host* host = self->host;
    const zb_view body = host->frame(message, self->frame);
    zb_view loud;
    char* bytes;
    size_t i;
    zb_result result;
    if (self->frame >= host->frame_count(message)) {
        host->set_reason(self->context, view("the message has no such frame"));
        return ZB_REFUSE;
    }
    if (body.size == 0) return ZB_PASS;
    bytes = malloc(body.size);
    if (bytes == NULL) {
        host->set_error(self->context, ZB_FAILED, 1, view("no memory"));
        return ZB_ERROR;
    }
    for (i = 0; i < body.size; i++) {
        const char letter = body.data[i];
        bytes[i] = letter >= 'a' && letter <= 'z' ? (char)(letter - 'a' + 'A') : letter;
    }
    loud.data = bytes;
    loud.size = body.size;
    result = host->set_frame(message, self->frame, loud);
    free(bytes);
    if (result == ZB_OK) return ZB_PASS;
    host->set_error(self->context, result, 0, view("the frame cannot be changed"));
    return ZB_ERROR;
}

static const void* get_extension(const char* id) {
    static const zb_step step = {sizeof(zb_step), 0, on_message};
    return strcmp(id, ZB_STEP) == 0 ? &step : NULL;
}

static const zb_option options[] = {
    /* key, type, flags, fallback, min, max, choices, help, example */
    {"frame", ZB_OPTION_COUNT, 0, "0", NULL, "63", NULL, "The frame to change, from 0.", NULL},
};

const zb_plugin* zbridge_plugin_entry(void) {
    static const zb_plugin plugin = {
        sizeof(zb_plugin), ZB_ABI_MAJOR, ZB_ABI_MINOR, "shout", "1.0.0",
        "Turns a frame into capitals.",
        NULL, options, sizeof(options) / sizeof(options[0]), sizeof(options[0]),
        create, NULL /* start */, NULL /* drain */, NULL /* stop */, destroy, get_extension};
    return &plugin;
}
