// A folder of the test's own, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace zbridge::testing {

class TempFolder {
 public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "zbridge-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() { std::filesystem::remove_all(path_); }

    std::string operator/(const std::string& name) const { return (path_ / name).string(); }
    std::string read(const std::string& name) const {
        std::ifstream file(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(const std::string& name, std::string_view bytes) const {
        put(name, bytes, std::ios::trunc);
    }
    void append(const std::string& name, std::string_view bytes) const {
        put(name, bytes, std::ios::app);
    }
    bool has(const std::string& name) const { return std::filesystem::exists(path_ / name); }

 private:
    void put(const std::string& name, std::string_view bytes, std::ios::openmode how) const {
        std::ofstream file(path_ / name, std::ios::binary | how);
        file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        file.flush();
        REQUIRE(file.good());
    }

    std::filesystem::path path_;
};

}  // namespace zbridge::testing
