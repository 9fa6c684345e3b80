// Shows the posts of the authors it follows.
#include <iostream>
#include <iterator>
#include <vector>

#include <zmq.hpp>
#include <zmq_addon.hpp>

#include "../arguments.h"

int main(int argc, char** argv) {
    const Arguments arguments(argc, argv);
    zmq::context_t context;
    zmq::socket_t feed(context, zmq::socket_type::sub);
    for (const auto& author : arguments.all("--follow"))
        feed.set(zmq::sockopt::subscribe, author);
    feed.connect(arguments.get("--connect", "tcp://127.0.0.1:5572"));

    while (true) {
        std::vector<zmq::message_t> post;
        (void)zmq::recv_multipart(feed, std::back_inserter(post));
        if (post.size() < 2) continue;
        std::cout << post[0].to_string_view() << ": " << post[1].to_string_view()
                  << (post.size() > 2 ? " [picture]" : "") << std::endl;
    }
}
