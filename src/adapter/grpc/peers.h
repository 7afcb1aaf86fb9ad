/* The streams between nodes (port/peer.h), on parley.v1.Peer: the side that tells is a client of
 * every other node, the side that hears is a service of the server.
 *
 * A node that is told has one stream, opened by a thread of the link (`tend`) and tried again after
 * a delay that doubles up to 5 s, half of it random. A stream stands once the other side has said
 * its initial metadata, which it does when the secret was right. Batches wait in a queue of
 * at most 4 MiB and 1,024 batches; one that does not fit is dropped, and the next that goes out
 * says so. */
#ifndef PARLEY_ADAPTER_GRPC_PEERS_H
#define PARLEY_ADAPTER_GRPC_PEERS_H

#include <grpcpp/grpcpp.h>
#include <peer.grpc.pb.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" // compound literals, which C++ lacks
#include "adapter/grpc/grpc.h"
#include "port/peer.h"
#pragma GCC diagnostic pop
}

namespace peers
{

using clock = std::chrono::steady_clock;
using parley::v1::Batch;
using parley::v1::Nothing;

constexpr size_t queue_bytes_max = 4u << 20; // a node
constexpr size_t queue_batches_max = 1024;   // a node

class Stream;

// One other node, told by this one. All of it under the link's mutex.
struct Node {
    std::string name, address;
    std::shared_ptr<grpc::Channel> channel;
    Stream *stream = nullptr; // NULL: waits until `due`
    bool is_up = false, is_writing = false, has_lost = false, is_gone = false;
    std::deque<Batch> queue;
    size_t bytes = 0;
    clock::time_point due;
    std::chrono::milliseconds delay{0};
};

class Link
{
  public:
    explicit Link(const grpc_config *config);
    // Ends the streams to the others, and waits for their end.
    ~Link();

    void set(const peer_node *nodes, size_t n);
    enum err tell(str node, str bytes);
    bool is_ready(char *detail, size_t size);

    // Heard from others; one at a time.
    void heard(const std::string &from, const Batch &batch);
    void lost(const std::string &from);

    peer_link door;
    const grpc_config *config;
    peer_listener *listener = nullptr;

  private:
    friend class Stream;
    using Entry = std::shared_ptr<Node>;

    void tend();
    void open(const Entry &node);
    void close(const Entry &node);
    void ended(const Entry &node);
    bool put(Node *node, str bytes);
    void write(Node *node);

    std::mutex mutex, hearing;
    std::condition_variable changed;
    std::map<std::string, Entry> nodes;
    size_t n_streams = 0; // of all nodes, those that are gone included
    bool is_closing = false;
    std::thread tender;
};

// What the server registers.
class Service final : public parley::v1::Peer::CallbackService
{
  public:
    Link *link = nullptr;
    grpc::ServerBidiReactor<Batch, Nothing> *Deliver(grpc::CallbackServerContext *context) override;
};

} // namespace peers

#endif
