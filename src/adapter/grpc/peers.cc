#include "adapter/grpc/peers.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <random>

namespace peers
{

namespace
{

using std::chrono::milliseconds;

constexpr milliseconds delay_min{50}, delay_max{5000};
constexpr milliseconds connect_patience{5000};

std::string text(str s)
{
    return std::string(s.p == nullptr ? "" : s.p, s.n);
}

milliseconds jittered(milliseconds delay)
{
    static thread_local std::minstd_rand random{std::random_device{}()};
    const auto half = delay.count() / 2;
    return milliseconds(half + std::uniform_int_distribution<long>(0, half)(random));
}

// The nodes of a cluster share a certificate, or the authority that stands in its file.
std::shared_ptr<grpc::ChannelCredentials> credentials(const grpc_config *config)
{
    if (config->cert[0] == '\0')
        return grpc::InsecureChannelCredentials();
    std::ifstream file(config->cert);
    grpc::SslCredentialsOptions options;
    options.pem_root_certs.assign(std::istreambuf_iterator<char>(file), {});
    return grpc::SslCredentials(options);
}

std::shared_ptr<grpc::Channel> channel_to(const std::string &address, const grpc_config *config)
{
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(config->ping_s) * 1000);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, GRPC_PING_TIMEOUT_S * 1000);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, static_cast<int>(delay_min.count()));
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(delay_max.count()));
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(connect_patience.count()));
    return grpc::CreateCustomChannel(address, credentials(config), arguments);
}

} // namespace

// ---- Telling ----

// The stream to one node. It holds itself open until a read fails, which is how the library says
// that the other side is gone, and frees itself when the library has done with it.
class Stream final : public grpc::ClientBidiReactor<Batch, Nothing>
{
  public:
    Stream(Link *l, std::shared_ptr<Node> n)
        : link(l), node(std::move(n)), stub(parley::v1::Peer::NewStub(node->channel))
    {
        context.AddMetadata("cluster-secret", link->config->secret);
        context.AddMetadata("node", link->config->node);
    }
    void start()
    {
        stub->async()->Deliver(&context, this);
        AddHold();
        StartRead(&nothing);
        StartCall();
    }
    void OnReadInitialMetadataDone(bool ok) override
    {
        std::lock_guard<std::mutex> lock(link->mutex);
        node->is_up = ok && !node->is_gone && !is_over;
        if (node->is_up)
            node->delay = delay_min;
        link->write(node.get());
    }
    void OnWriteDone(bool ok) override
    {
        std::lock_guard<std::mutex> lock(link->mutex);
        node->is_writing = false;
        node->bytes -= node->queue.front().bytes().size();
        node->queue.pop_front();
        if (ok)
            link->write(node.get());
        else
            node->is_up = false;
    }
    void OnReadDone(bool ok) override
    {
        if (ok) {
            StartRead(&nothing);
            return;
        }
        {
            std::lock_guard<std::mutex> lock(link->mutex);
            node->is_up = false; // nobody begins a write from here on
            is_over = true;
        }
        RemoveHold();
    }
    void OnDone(const grpc::Status &) override
    {
        {
            std::lock_guard<std::mutex> lock(link->mutex);
            link->ended(node);
        }
        delete this;
    }

    grpc::ClientContext context;

  private:
    Link *link;
    std::shared_ptr<Node> node;
    std::unique_ptr<parley::v1::Peer::Stub> stub;
    Nothing nothing;
    bool is_over = false;
};

void Link::open(const Entry &node)
{
    node->stream = new Stream(this, node);
    n_streams++;
    node->stream->start();
}

// From here on nothing is told to it; its stream says when it has ended.
void Link::close(const Entry &node)
{
    node->is_gone = true;
    node->is_up = false;
    if (node->stream != nullptr)
        node->stream->context.TryCancel();
}

void Link::ended(const Entry &node)
{
    node->has_lost |= !node->queue.empty();
    node->queue.clear();
    node->bytes = 0;
    node->stream = nullptr;
    node->is_up = node->is_writing = false;
    node->due = clock::now() + jittered(node->delay);
    node->delay = std::min(2 * node->delay, delay_max);
    n_streams--;
    changed.notify_all();
}

void Link::write(Node *node)
{
    if (!node->is_up || node->is_writing || node->queue.empty())
        return;
    node->is_writing = true;
    node->stream->StartWrite(&node->queue.front());
}

// A full queue keeps one place for the word that something was dropped.
bool Link::put(Node *node, str bytes)
{
    const bool fits =
        node->queue.size() < queue_batches_max && node->bytes + bytes.n <= queue_bytes_max;
    if (!node->is_up || !fits) {
        node->has_lost = true;
        return false;
    }
    Batch batch;
    batch.set_bytes(bytes.p, bytes.n);
    batch.set_lost(node->has_lost);
    node->has_lost = false;
    node->bytes += bytes.n;
    node->queue.push_back(std::move(batch));
    write(node);
    return true;
}

enum err Link::tell(str name, str bytes)
{
    if (bytes.n > PEER_BATCH_MAX)
        return ERR_TOO_LARGE;
    std::lock_guard<std::mutex> lock(mutex);
    bool all = name.n == 0 || nodes.count(text(name)) > 0;
    for (auto &entry : nodes)
        if (name.n == 0 || entry.first == text(name))
            all &= put(entry.second.get(), bytes);
    return all ? ERR_OK : ERR_UNAVAILABLE;
}

void Link::set(const peer_node *list, size_t n)
{
    std::lock_guard<std::mutex> lock(mutex);
    std::map<std::string, Entry> next;
    for (size_t i = 0; i < n && i < PEERS_MAX; i++) {
        const std::string name = text(list[i].name), address = text(list[i].address);
        auto found = nodes.find(name);
        if (name == config->node)
            continue;
        if (found != nodes.end() && found->second->address == address) {
            next[name] = found->second;
            continue;
        }
        auto node = std::make_shared<Node>();
        node->name = name;
        node->address = address;
        node->channel = channel_to(address, config);
        node->delay = delay_min;
        next[name] = node;
    }
    for (auto &entry : nodes)
        if (next.count(entry.first) == 0 || next[entry.first] != entry.second)
            close(entry.second);
    nodes.swap(next);
    changed.notify_all();
}

bool Link::is_ready(char *detail, size_t size)
{
    std::lock_guard<std::mutex> lock(mutex);
    for (auto &entry : nodes)
        if (!entry.second->is_up) {
            std::snprintf(detail, size, "no stream to %.60s", entry.first.c_str());
            return false;
        }
    return true;
}

// Opens what is due, and says to an idle node that something was dropped.
void Link::tend()
{
    std::unique_lock<std::mutex> lock(mutex);
    while (!is_closing) {
        auto next = clock::now() + delay_min;
        for (auto &entry : nodes) {
            Node *node = entry.second.get();
            if (node->stream == nullptr && node->due <= clock::now())
                open(entry.second);
            else if (node->is_up && node->has_lost && node->queue.empty())
                put(node, str{"", 0});
        }
        changed.wait_until(lock, next);
    }
}

// ---- Hearing ----

void Link::heard(const std::string &from, const Batch &batch)
{
    std::lock_guard<std::mutex> lock(hearing);
    if (batch.lost())
        listener->lost(listener, str{from.data(), from.size()});
    if (!batch.bytes().empty())
        listener->batch(listener, str{from.data(), from.size()},
                        str{batch.bytes().data(), batch.bytes().size()});
}

void Link::lost(const std::string &from)
{
    std::lock_guard<std::mutex> lock(hearing);
    listener->lost(listener, str{from.data(), from.size()});
}

namespace
{

class Hearing final : public grpc::ServerBidiReactor<Batch, Nothing>
{
  public:
    Hearing(Link *l, std::string name) : link(l), from(std::move(name))
    {
        StartSendInitialMetadata();
        StartRead(&batch);
    }
    explicit Hearing(const grpc::Status &refusal)
    {
        Finish(refusal);
    }
    void OnReadDone(bool ok) override
    {
        if (!ok || batch.bytes().size() > PEER_BATCH_MAX) {
            Finish(grpc::Status::OK);
            return;
        }
        link->heard(from, batch);
        StartRead(&batch);
    }
    void OnDone() override
    {
        if (link != nullptr)
            link->lost(from);
        delete this;
    }

  private:
    Link *link = nullptr; // NULL: refused
    std::string from;
    Batch batch;
};

grpc::string_ref metadata(const grpc::CallbackServerContext *context, const char *key)
{
    auto found = context->client_metadata().find(key);
    return found == context->client_metadata().end() ? grpc::string_ref() : found->second;
}

} // namespace

grpc::ServerBidiReactor<Batch, Nothing> *Service::Deliver(grpc::CallbackServerContext *context)
{
    const grpc::string_ref node = metadata(context, "node");
    const grpc::string_ref shown = metadata(context, "cluster-secret");
    if (!str_eq_secret(str{shown.data(), shown.size()}, str_of(link->config->secret)))
        return new Hearing({grpc::StatusCode::UNAUTHENTICATED, "This needs the cluster secret"});
    if (node.size() == 0 || node.size() > PEER_NAME_MAX)
        return new Hearing({grpc::StatusCode::INVALID_ARGUMENT, "Which node speaks?"});
    if (link->listener == nullptr)
        return new Hearing({grpc::StatusCode::UNAVAILABLE, "This node listens to no other"});
    return new Hearing(link, std::string(node.data(), node.size()));
}

// ---- The door ----

namespace
{

Link *of(peer_link *self)
{
    return reinterpret_cast<Link *>(self);
}

void listen(peer_link *self, peer_listener *listener)
{
    of(self)->listener = listener;
}

void set(peer_link *self, const peer_node *nodes, size_t n)
{
    of(self)->set(nodes, n);
}

enum err tell(peer_link *self, str node, str bytes)
{
    return of(self)->tell(node, bytes);
}

bool is_ready(peer_link *self, char *detail, size_t size)
{
    return of(self)->is_ready(detail, size);
}

const peer_link_ops ops = {listen, set, tell, is_ready};

} // namespace

Link::Link(const grpc_config *c) : door{&ops}, config(c)
{
    tender = std::thread([this] { tend(); });
}

Link::~Link()
{
    std::unique_lock<std::mutex> lock(mutex);
    is_closing = true;
    for (auto &entry : nodes)
        close(entry.second);
    changed.notify_all();
    changed.wait(lock, [this] { return n_streams == 0; });
    lock.unlock();
    tender.join();
}

} // namespace peers
