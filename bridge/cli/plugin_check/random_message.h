// Messages that nobody would send, and some that somebody might: the same for the same seed.
#pragma once

#include "bridge/base/random.h"
#include "bridge/plugin/message_view.h"

namespace zbridge::cli {

inline constexpr uint64_t kRandomFramesMax = 8;
inline constexpr uint64_t kRandomFrameBytesMax = 4096;

// 0 to kRandomFramesMax frames of 0 to kRandomFrameBytesMax bytes: any bytes, text, JSON whole and
// broken, the beginning of msgpack; attributes and properties now and then.
plugin::LooseMessage random_message(Random& random);

}  // namespace zbridge::cli
