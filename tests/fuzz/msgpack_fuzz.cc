// Any bytes as a msgpack document of a route that decodes.
#include <cstdint>

#include "tests/fuzz/decoded.h"

using namespace zbridge;
using namespace zbridge::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    static const std::unique_ptr<Decoder> used = routing::make_msgpack_decoder();
    const std::string_view document(reinterpret_cast<const char*>(bytes), size);
    (void)decoded_alike(routing::make_msgpack_decoder(), *used, document);
    return 0;
}
