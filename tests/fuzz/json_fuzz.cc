// Any bytes as a JSON document of a route that decodes.
#include <cstdint>

#include "tests/fuzz/decoded.h"

using namespace zbridge;
using namespace zbridge::fuzz;

// The compact text of a map or an array is JSON itself, and its own compact text.
static void check_compact_text(const std::string& whole) {
    const std::string text = whole.substr(whole.find(' ') + 1);
    if (text.empty() || (text[0] != '{' && text[0] != '[')) return;
    const auto again = decoded(*routing::make_json_decoder(), text);
    if (!again && text.size() > Decoder::kFrameBytesMax) return;
    ZB_CHECK(again && again->front() == whole, text);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    static const std::unique_ptr<Decoder> used = routing::make_json_decoder();
    const std::string_view document(reinterpret_cast<const char*>(bytes), size);
    const auto found = decoded_alike(routing::make_json_decoder(), *used, document);
    const size_t first = document.find_first_not_of(" \t\r\n");
    const bool container =
        first != document.npos && (document[first] == '{' || document[first] == '[');
    if (found && container) check_compact_text(found->front());
    return 0;
}
