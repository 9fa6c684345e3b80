#include "bridge/cli/editor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace zbridge::cli {

namespace {

// A file that only the user may read; it goes with this.
class TemporaryFile {
 public:
    TemporaryFile() {
        std::error_code none;
        path_ = (std::filesystem::temp_directory_path(none) / "zbridge-XXXXXX").string();
        const int made = mkstemp(path_.data());
        if (made >= 0) close(made);
        is_there_ = made >= 0;
    }
    ~TemporaryFile() {
        std::error_code none;
        if (is_there_) std::filesystem::remove(path_, none);
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    bool is_there() const { return is_there_; }
    const std::string& path() const { return path_; }

 private:
    std::string path_;
    bool is_there_ = false;
};

// Its exit status; -1: it did not run, or was killed.
int run_in_shell(const std::string& command, const std::string& argument) {
    const pid_t child = fork();
    if (child < 0) return -1;
    if (child == 0) {
        const std::string script = command + " \"$1\"";
        execl("/bin/sh", "sh", "-c", script.c_str(), "sh", argument.c_str(),
              static_cast<char*>(nullptr));
        _exit(127);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
}

}  // namespace

Result<std::string> edit(const std::string& editor, const std::string& bytes) {
    const TemporaryFile file;
    std::ofstream out(file.path(), std::ios::binary | std::ios::trunc);
    if (!file.is_there() || !(out << bytes << std::flush))
        return Status(Code::kIo, "cannot write a temporary file, " + file.path());
    out.close();
    if (run_in_shell(editor, file.path()) != 0)
        return Status(Code::kInvalid, "the editor (" + editor + ") did not end well");
    std::ifstream in(file.path(), std::ios::binary);
    std::ostringstream edited;
    if (in.peek() != std::ifstream::traits_type::eof()) edited << in.rdbuf();
    if (!in.is_open()) return Status(Code::kIo, "cannot read " + file.path());
    return edited.str();
}

}  // namespace zbridge::cli
