#include "plugins/durable/admin.h"

namespace zbridge::durable {

void Admin::ask(std::string_view, std::string_view, uint64_t cookie) {
    refuse(cookie, ZB_UNSUPPORTED, "not yet");
}
void Admin::on_loaded(TopicId) {}

}  // namespace zbridge::durable
