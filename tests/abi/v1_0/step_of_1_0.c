/* A step and a sink as they were written against the header of 1.0, which stands beside this file
 * and is never changed: it is built with that, and must load and work in every later 1.x. It uses
 * what the header has: options, metrics, log, attributes, properties, frames, emit. */
#include "zbridge_plugin.h"

#include <stdlib.h>
#include <string.h>

typedef struct instance {
    const zb_host* host;
    zb_context* context;
    zb_metric* seen;
    zb_view suffix;
    int64_t copies;
} instance;

static zb_view text(const char* words) {
    zb_view view;
    view.data = words;
    view.size = strlen(words);
    return view;
}

static zb_result create(const zb_host* host, zb_context* context, void** made) {
    instance* self;
    if (!ZB_HAS(host, get_extension) || host->abi_major != 1) return ZB_UNSUPPORTED;
    if (host->option_integer(context, "copies", 0) == 13) {
        host->option_error(context, "copies", 0, text("an unlucky number"));
        return ZB_INVALID;
    }
    self = (instance*)calloc(1, sizeof(*self));
    if (self == NULL) return ZB_FAILED;
    self->host = host;
    self->context = context;
    self->suffix = host->option_text(context, "suffix", 0);
    self->copies = host->option_integer(context, "copies", 0);
    self->seen = host->counter(context, "seen", "Messages that it has seen.");
    *made = self;
    return ZB_OK;
}

static zb_result start(void* of) {
    instance* self = (instance*)of;
    self->host->log(self->context, ZB_LOG_INFO, text("a step of 1.0 has started"));
    return ZB_OK;
}

static void destroy(void* of) {
    free(of);
}

static zb_verdict on_message(void* of, zb_message* message) {
    instance* self = (instance*)of;
    const zb_host* host = self->host;
    zb_view body = host->frame(message, 0);
    zb_value mark = {ZB_STRING, 0, 0, 0, {NULL, 0}};
    zb_message* copy;
    char* longer;
    int64_t i;
    zb_result result;

    host->metric_add(self->seen, 1);
    if (body.size == 6 && memcmp(body.data, "refuse", 6) == 0) {
        host->set_reason(self->context, text("as it was in 1.0"));
        return ZB_REFUSE;
    }
    mark.text = text("1.0");
    if (host->set_property(message, text("seen_by"), mark) != ZB_OK) return ZB_ERROR;
    if (host->property(message, text("seen_by")).text.size != 3) return ZB_ERROR;
    for (i = 0; i < self->copies; i++) {
        copy = host->copy(self->context, message);
        if (copy == NULL || host->emit(self->context, copy) != ZB_OK) return ZB_ERROR;
    }
    longer = (char*)malloc(body.size + self->suffix.size);
    if (longer == NULL) return ZB_ERROR;
    memcpy(longer, body.data, body.size);
    memcpy(longer + body.size, self->suffix.data, self->suffix.size);
    body.data = longer;
    body.size += self->suffix.size;
    result = host->set_frame(message, 0, body);
    free(longer);
    return result == ZB_OK ? ZB_PASS : ZB_ERROR;
}

/* Done with all that it is given: counted. */
static zb_result on_batch(void* of, zb_message* const* messages, uint32_t count,
                          uint32_t* answers) {
    instance* self = (instance*)of;
    uint32_t i;
    for (i = 0; i < count; i++) {
        self->host->metric_add(self->seen, self->host->frame_count(messages[i]) > 0 ? 1 : 0);
        answers[i] = ZB_DONE;
    }
    return ZB_OK;
}

static const zb_step step = {sizeof(zb_step), 0, on_message};
static const zb_sink sink = {sizeof(zb_sink), 0, 0, 0, 0, on_batch};

static const void* get_extension(const char* id) {
    if (strcmp(id, ZB_STEP) == 0) return &step;
    if (strcmp(id, ZB_SINK) == 0) return &sink;
    return NULL;
}

static const zb_option options[] = {
    {"suffix", ZB_OPTION_TEXT, ZB_OPTION_SHORT, "?", NULL, NULL, NULL, "What is appended.", NULL},
    {"copies", ZB_OPTION_COUNT, 0, "0", "0", "64", NULL, "Of each message, beside it.", NULL}};

static const zb_plugin plugin = {sizeof(zb_plugin),
                                 ZB_ABI_MAJOR,
                                 ZB_ABI_MINOR,
                                 "step-of-1-0",
                                 "1.0.0",
                                 "What 1.0 could.",
                                 NULL,
                                 options,
                                 2,
                                 sizeof(zb_option),
                                 create,
                                 start,
                                 NULL,
                                 NULL,
                                 destroy,
                                 get_extension};

ZB_EXPORT const zb_plugin* ZB_ENTRY_NAME(void) {
    return &plugin;
}
