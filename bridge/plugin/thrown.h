// What a plugin has thrown, in words.
#pragma once

#include <exception>
#include <string>

namespace zbridge::plugin {

// Within a handler. An exception of somebody else's may have no words.
inline std::string words_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
        const char* what = error.what();
        return what == nullptr ? "without a word" : what;
    } catch (...) {
        return "none of the standard's";
    }
}

}  // namespace zbridge::plugin
