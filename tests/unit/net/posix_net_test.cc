#include "bridge/net/posix_net.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

using namespace zbridge;
using namespace zbridge::net;
using namespace std::chrono_literals;

namespace {

struct Folder {
    std::string path;
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "zbridge-net-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
};

Address tcp() {
    return Address::parse("tcp://127.0.0.1:*").value();
}
Address ipc(const std::string& path) {
    return Address::parse("ipc://" + path).value();
}

// The application's end, a plain blocking socket.
struct Client {
    int fd = -1;
    explicit Client(const Address& address) {
        if (address.transport == Address::Transport::kTcp) {
            sockaddr_in to{};
            to.sin_family = AF_INET;
            to.sin_port = htons(address.port);
            to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            fd = socket(AF_INET, SOCK_STREAM, 0);
            connected = connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
        } else {
            sockaddr_un to{};
            to.sun_family = AF_UNIX;
            address.path.copy(to.sun_path, sizeof(to.sun_path) - 1);
            fd = socket(AF_UNIX, SOCK_STREAM, 0);
            connected = connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
        }
    }
    ~Client() { end(); }
    void send(const std::string& bytes) const {
        REQUIRE(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(bytes.size()));
    }
    void end() {
        if (fd >= 0) ::close(fd);
        fd = -1;
    }
    bool connected = false;
};

struct Open {
    std::unique_ptr<PosixNet> net = PosixNet::open().value();
    Listening listening;
    explicit Open(const Address& address) {
        auto listened = net->listen(address, {});
        REQUIRE(listened.ok());
        listening = *listened;
        REQUIRE(net->watch(listening.socket, 1).ok());
    }
    ~Open() { net->close(listening.socket); }
    // The events until one of this token came.
    NetEvent wait_for(uint64_t token) const {
        for (int i = 0; i < 50; i++) {
            std::array<NetEvent, 8> events;
            const size_t got = net->wait(events, 100ms);
            for (size_t j = 0; j < got; j++) {
                if (events[j].token == token) return events[j];
            }
        }
        FAIL("no event came");
        return {};
    }
    Accepted accept() const {
        auto accepted = net->accept(listening.socket, {});
        REQUIRE(accepted.ok());
        REQUIRE(accepted->has_value());
        return **accepted;
    }
    IoResult read(Socket socket, std::string& bytes) const {
        std::array<char, 1000> buffer;
        const iovec into{buffer.data(), buffer.size()};
        const IoResult got = net->read(socket, {&into, 1});
        bytes.append(buffer.data(), got.bytes);
        return got;
    }
};

}  // namespace

TEST_CASE("port 0 becomes a real one, and peers come with their address") {
    Open open(tcp());
    CHECK(open.listening.bound.port != 0);
    Client client(open.listening.bound);
    CHECK(open.wait_for(1).readable);
    const Accepted accepted = open.accept();
    CHECK(accepted.address.starts_with("tcp://127.0.0.1:"));
    CHECK(accepted.user.empty());
    CHECK_FALSE(open.net->accept(open.listening.socket, {})->has_value());
    open.net->close(accepted.socket);
}

TEST_CASE("a peer on ipc is vouched for by the kernel") {
    Folder folder;
    Open open(ipc(folder.path + "/socket"));
    Client client(open.listening.bound);
    CHECK(open.wait_for(1).readable);
    const Accepted accepted = open.accept();
    CHECK(accepted.user == "uid:" + std::to_string(getuid()));
    CHECK(accepted.address == "ipc://pid:" + std::to_string(getpid()));
    open.net->close(accepted.socket);
}

TEST_CASE("the connections of one process on ipc say so, and those of another say another") {
    Folder folder;
    Open open(ipc(folder.path + "/socket"));
    const auto process_of_next = [&] {
        (void)open.wait_for(1);
        const Accepted accepted = open.accept();
        open.net->close(accepted.socket);
        return accepted.process;
    };
    Client one(open.listening.bound);
    const std::string process = process_of_next();
    CHECK(process.starts_with(std::to_string(getpid()) + " "));
    Client two(open.listening.bound);
    CHECK(process_of_next() == process);

    const pid_t child = fork();
    if (child == 0) {
        const Client another(open.listening.bound);
        pause();
        _exit(0);
    }
    const std::string other = process_of_next();
    CHECK(other.starts_with(std::to_string(child) + " "));
    CHECK(kill(child, SIGKILL) == 0);
    CHECK(waitpid(child, nullptr, 0) == child);
}

TEST_CASE("what arrives is told once, and a peer's end after its last byte") {
    Open open(tcp());
    Client client(open.listening.bound);
    (void)open.wait_for(1);
    const Accepted accepted = open.accept();
    REQUIRE(open.net->watch(accepted.socket, 2).ok());
    CHECK(open.wait_for(2).writable);
    client.send("hello");
    CHECK(open.wait_for(2).readable);
    std::array<NetEvent, 8> events;
    CHECK(open.net->wait(events, 0ms) == 0);
    std::string bytes;
    CHECK(open.read(accepted.socket, bytes).kind == IoResult::Kind::kDone);
    CHECK(open.read(accepted.socket, bytes).kind == IoResult::Kind::kWouldBlock);
    client.send("last");
    client.end();
    while (!open.wait_for(2).ended) {
    }
    while (open.read(accepted.socket, bytes).kind == IoResult::Kind::kDone) {
    }
    const IoResult end = open.read(accepted.socket, bytes);
    CHECK(end.kind == IoResult::Kind::kClosed);
    CHECK_FALSE(end.failed);
    CHECK(bytes == "hellolast");
    open.net->close(accepted.socket);
}

TEST_CASE("after the writing side was shut down the peer still says what it has to say") {
    Open open(tcp());
    Client client(open.listening.bound);
    (void)open.wait_for(1);
    const Accepted accepted = open.accept();
    REQUIRE(open.net->watch(accepted.socket, 2).ok());
    (void)open.wait_for(2);
    open.net->shutdown_write(accepted.socket);
    char byte = 0;
    CHECK(recv(client.fd, &byte, 1, 0) == 0);
    client.send("more");
    CHECK(open.wait_for(2).readable);
    std::string bytes;
    (void)open.read(accepted.socket, bytes);
    CHECK(bytes == "more");
    open.net->close(accepted.socket);
}

TEST_CASE("a peer that takes nothing blocks, and its room is told") {
    Open open(tcp());
    Client client(open.listening.bound);
    (void)open.wait_for(1);
    const Accepted accepted = open.accept();
    REQUIRE(open.net->watch(accepted.socket, 2).ok());
    const std::string bytes(1 << 20, 'x');
    const iovec from{const_cast<char*>(bytes.data()), bytes.size()};
    size_t written = 0;
    IoResult sent;
    while ((sent = open.net->write(accepted.socket, {&from, 1})).kind == IoResult::Kind::kDone)
        written += sent.bytes;
    CHECK(sent.kind == IoResult::Kind::kWouldBlock);
    std::array<NetEvent, 8> events;
    while (open.net->wait(events, 0ms) > 0) {
    }
    std::string taken(written, '\0');
    CHECK(recv(client.fd, taken.data(), taken.size(), MSG_WAITALL) ==
          static_cast<ssize_t>(written));
    while (!open.wait_for(2).writable) {
    }
    CHECK(open.net->write(accepted.socket, {&from, 1}).kind == IoResult::Kind::kDone);
    client.end();
    while (open.net->write(accepted.socket, {&from, 1}).kind == IoResult::Kind::kDone) {
    }
    CHECK(open.net->write(accepted.socket, {&from, 1}).kind == IoResult::Kind::kClosed);
    open.net->close(accepted.socket);
}

TEST_CASE("a port that is taken is busy") {
    Open open(tcp());
    const auto second = open.net->listen(open.listening.bound, {});
    CHECK_FALSE(second.ok());
    CHECK(second.error().code() == Code::kBusy);
}

TEST_CASE(
    "a dead bridge's ipc socket is replaced, a living one's is not, and what is no socket stays "
    "untouched") {
    Folder folder;
    const std::string path = folder.path + "/socket";
    {
        Open living(ipc(path));
        const auto second = living.net->listen(ipc(path), {});
        CHECK_FALSE(second.ok());
        CHECK(second.error().code() == Code::kBusy);
        CHECK(Client(ipc(path)).connected);
    }
    CHECK_FALSE(std::filesystem::exists(path));

    sockaddr_un dead{};  // it dies without removing its file
    dead.sun_family = AF_UNIX;
    path.copy(dead.sun_path, sizeof(dead.sun_path) - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&dead), sizeof(dead)) == 0);
    ::close(fd);
    REQUIRE(std::filesystem::exists(path));
    {
        Open again(ipc(path));
        CHECK(Client(ipc(path)).connected);
    }

    std::ofstream(path) << "precious";
    const auto net = PosixNet::open().value();
    CHECK_FALSE(net->listen(ipc(path), {}).ok());
    std::string kept;
    std::ifstream(path) >> kept;
    CHECK(kept == "precious");
}

TEST_CASE("an ipc name that begins with @ leaves no file") {
    Open open(ipc("@zbridge-test-" + std::to_string(getpid())));
    CHECK_FALSE(std::filesystem::exists(open.listening.bound.path));
}

TEST_CASE("wake() ends a wait, also the next one") {
    const auto net = PosixNet::open().value();
    std::array<NetEvent, 8> events;
    net->wake();
    CHECK(net->wait(events, std::nullopt) == 0);
}

TEST_CASE("a look ends with what comes, with a wake(), or when its time is over") {
    Open open(tcp());
    PosixNet& net = *open.net;
    std::array<NetEvent, 8> events;
    CHECK(net.look(events, Duration{}) == 0);  // once at least, and not for ever
    CHECK(net.look(events, 1ms) == 0);
    net.wake();
    CHECK(net.look(events, 1h) == 0);
    const Client client(open.listening.bound);
    REQUIRE(client.connected);
    CHECK(net.look(events, 1h) == 1);
    CHECK(events[0].token == 1);
    CHECK(events[0].readable);
}

TEST_CASE("what the kernel does not watch is an error, not an end") {
    Open open(tcp());
    const Folder folder;
    const std::string path = folder.path + "/file";
    const int file = ::open(path.c_str(), O_CREAT | O_RDWR, 0600);  // epoll knows no files
    REQUIRE(file >= 0);
    const Status status = open.net->watch(file, 3);
    CHECK_FALSE(status.ok());
    CHECK(status.message().find("watching a socket: ") == 0);
    ::close(file);
}
