// The server behind port/rpc.h: the one file that speaks C++. A call or stream of ours is the
// library's reactor; it frees itself when the library has done with it (OnDone).
#include <google/protobuf/message.h>
#include <grpc/impl/codegen/grpc_types.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <climits>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <chat.grpc.pb.h>
#include <message.grpc.pb.h>

#include "adapter/grpc/peers.h"

extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" // compound literals, which C++ lacks
#include "adapter/grpc/grpc.h"
#include "port/rpc.h"
#pragma GCC diagnostic pop
}

namespace chat = parley::v1;
using google::protobuf::Message;

namespace {

constexpr int idle_ms = 5 * 60 * 1000;
constexpr int age_ms = 5 * 60 * 1000;
constexpr int pings_of_clients_ms = 10 * 1000; // no more often, on a connection that is silent
constexpr unsigned certificate_s = 5;
constexpr size_t memory_bytes_max = 256u << 20; // of the library's buffers
constexpr auto stop_patience = std::chrono::milliseconds(200);

str view(const std::string &s)
{
    return str{s.data(), s.size()};
}

str metadata(const grpc::CallbackServerContext *context, const char *key)
{
    auto found = context->client_metadata().find(key);
    if (found == context->client_metadata().end())
        return str{nullptr, 0};
    return str{found->second.data(), found->second.size()};
}

grpc::Slice slice_of(const rpc_piece &piece)
{
    if (piece.n == 0 && piece.release != nullptr)
        piece.release(piece.owner);
    if (piece.n == 0 || piece.release == nullptr)
        return grpc::Slice(piece.p, piece.n);
    return grpc::Slice(const_cast<char *>(piece.p), piece.n, piece.release, piece.owner);
}

grpc::ByteBuffer buffer_of(const rpc_piece *pieces, size_t n)
{
    std::vector<grpc::Slice> slices;
    slices.reserve(n);
    for (size_t i = 0; i < n; i++)
        slices.push_back(slice_of(pieces[i]));
    return grpc::ByteBuffer(slices.data(), slices.size());
}

grpc::Status status_of(const rpc_status &status)
{
    if (status.code == RPC_OK)
        return grpc::Status::OK;
    return grpc::Status(static_cast<grpc::StatusCode>(status.code), status.text,
                        std::string(status.details.p == nullptr ? "" : status.details.p,
                                    status.details.n));
}

grpc::Status malformed()
{
    return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "The request is malformed");
}

grpc::Status too_large()
{
    return grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "The request is too large");
}

bool parse(const grpc::ByteBuffer &bytes, Message *out)
{
    grpc::ByteBuffer copy(bytes);
    grpc::ProtoBufferReader reader(&copy);
    return reader.status().ok() && out->ParseFromZeroCopyStream(&reader);
}

// ---- Requests as plain structs; strings stay the message's ----

void fill(const chat::SendRequest &m, rpc_request *r)
{
    r->method = RPC_SEND;
    r->channel_id = view(m.channel_id());
    r->content = view(m.content());
    r->client_msg_id = view(m.client_msg_id());
    r->message_id = m.message_id();
}

void fill(const chat::HistoryRequest &m, rpc_request *r)
{
    r->method = RPC_HISTORY;
    r->channel_id = view(m.channel_id());
    r->message_id = m.message_id();
    r->from_id = m.from_id();
    r->has_after = m.has_after_seq();
    r->after_seq = m.after_seq();
    r->limit = m.limit();
}

// A number below 0 becomes one that is no id of ours.
void fill(const message::ReceiveMessageRequest &m, rpc_request *r)
{
    r->method = RPC_MESSAGE_RECEIVED;
    r->channel_id = view(m.message().channel_id());
    r->message_id = static_cast<uint64_t>(m.message().message_id());
}

void fill(const message::ReceiveReplyRequest &m, rpc_request *r)
{
    r->method = RPC_REPLY_RECEIVED;
    r->channel_id = view(m.reply().channel_id());
    r->message_id = static_cast<uint64_t>(m.reply().message_id());
    r->reply_id = static_cast<uint64_t>(m.reply().reply_id());
}

void fill_metadata(const grpc::CallbackServerContext *context, rpc_request *r)
{
    r->authorization = metadata(context, "authorization");
    r->cluster_secret = metadata(context, "cluster-secret");
}

} // namespace

// ---- Calls and streams ----

struct rpc_call : public grpc::ServerUnaryReactor {
    rpc_call(grpc::CallbackServerContext *c, grpc::ByteBuffer *r) : context(c), response(r)
    {
    }
    void OnDone() override
    {
        delete this;
    }

    grpc::CallbackServerContext *context;
    grpc::ByteBuffer *response;
    rpc_request request{};
};

struct rpc_stream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
    rpc_stream(grpc::CallbackServerContext *c, rpc_handler *h) : context(c), handler(h)
    {
    }
    void OnWriteDone(bool) override
    {
        handler->written(handler, named);
    }
    void OnCancel() override
    {
        if (named != nullptr)
            handler->cancelled(handler, named);
    }
    void OnDone() override
    {
        if (named != nullptr)
            handler->closed(handler, named);
        delete this;
    }

    grpc::CallbackServerContext *context;
    rpc_handler *handler;
    void *named = nullptr; // NULL: the handler never heard of it
    grpc::ByteBuffer message;
};

namespace {

template <class Request> struct typed_call final : public rpc_call {
    using rpc_call::rpc_call;
    Request message;
};

template <class Request>
grpc::ServerUnaryReactor *begin(rpc_handler *handler, grpc::CallbackServerContext *context,
                                const grpc::ByteBuffer *bytes, grpc::ByteBuffer *response)
{
    auto *call = new typed_call<Request>(context, response);
    if (bytes->Length() > GRPC_REQUEST_BYTES_MAX) {
        call->Finish(too_large());
        return call;
    }
    if (!parse(*bytes, &call->message)) {
        call->Finish(malformed());
        return call;
    }
    fill(call->message, &call->request);
    fill_metadata(context, &call->request);
    handler->call(handler, call, &call->request);
    return call;
}

// ---- Services ----

using grpc::ByteBuffer;
using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

using RawChat = chat::Chat::WithRawCallbackMethod_Send<chat::Chat::WithRawCallbackMethod_History<
    chat::Chat::WithRawCallbackMethod_Subscribe<chat::Chat::Service>>>;

class ChatService final : public RawChat {
  public:
    rpc_handler *handler = nullptr;

    ServerUnaryReactor *Send(CallbackServerContext *context, const ByteBuffer *request,
                             ByteBuffer *response) override
    {
        return begin<chat::SendRequest>(handler, context, request, response);
    }
    ServerUnaryReactor *History(CallbackServerContext *context, const ByteBuffer *request,
                                ByteBuffer *response) override
    {
        return begin<chat::HistoryRequest>(handler, context, request, response);
    }
    grpc::ServerWriteReactor<ByteBuffer> *Subscribe(CallbackServerContext *context,
                                                    const ByteBuffer *request) override
    {
        auto *stream = new rpc_stream(context, handler);
        if (request->Length() > GRPC_REQUEST_BYTES_MAX) {
            stream->Finish(too_large());
            return stream;
        }
        chat::SubscribeRequest message;
        if (!parse(*request, &message)) {
            stream->Finish(malformed());
            return stream;
        }
        std::vector<rpc_point> points;
        for (const auto &entry : message.resume())
            points.push_back(rpc_point{view(entry.first), entry.second});
        rpc_request r{};
        r.method = RPC_SUBSCRIBE;
        r.resume = points.data();
        r.n_resume = points.size();
        fill_metadata(context, &r);
        stream->named = handler->open(handler, stream, &r);
        return stream;
    }
};

using RawMessages = message::MessageService::WithRawCallbackMethod_MessageReceived<
    message::MessageService::WithRawCallbackMethod_ReplyReceived<message::MessageService::Service>>;

class MessageService final : public RawMessages {
  public:
    rpc_handler *handler = nullptr;

    ServerUnaryReactor *MessageReceived(CallbackServerContext *context, const ByteBuffer *request,
                                        ByteBuffer *response) override
    {
        return begin<message::ReceiveMessageRequest>(handler, context, request, response);
    }
    ServerUnaryReactor *ReplyReceived(CallbackServerContext *context, const ByteBuffer *request,
                                      ByteBuffer *response) override
    {
        return begin<message::ReceiveReplyRequest>(handler, context, request, response);
    }
};

} // namespace

// ---- The server ----

struct grpc_server {
    rpc_server door;
    const grpc_config *config;
    ChatService chat;
    MessageService messages;
    peers::Service hearing;
    std::unique_ptr<peers::Link> link; // NULL: no streams between nodes
    std::unique_ptr<grpc::Server> server;
    std::mutex mutex; // of `health`, which goes with the server
    grpc::HealthCheckServiceInterface *health = nullptr;
};

namespace {

grpc_server *of(rpc_server *self)
{
    return reinterpret_cast<grpc_server *>(self);
}

std::shared_ptr<grpc::ServerCredentials> credentials(const grpc_config *config)
{
    if (config->cert[0] == '\0')
        return grpc::InsecureServerCredentials();
    using namespace grpc::experimental;
    auto files =
        std::make_shared<FileWatcherCertificateProvider>(config->key, config->cert, certificate_s);
    TlsServerCredentialsOptions options(files);
    options.watch_identity_key_cert_pairs();
    options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
    return TlsServerCredentials(options);
}

void set_limits(grpc::ServerBuilder *b, const grpc_config *config)
{
    grpc::ResourceQuota quota("parley");
    quota.Resize(memory_bytes_max);
    b->SetResourceQuota(quota);
    b->SetMaxReceiveMessageSize(PEER_BATCH_MAX + 1024); // requests are held to less: see begin
    b->AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, GRPC_METADATA_BYTES_MAX);
    b->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, GRPC_STREAMS_PER_CONNECTION_MAX);
    b->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0); // two servers would share the port in silence
    b->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, static_cast<int>(config->ping_s) * 1000);
    b->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, GRPC_PING_TIMEOUT_S * 1000);
    b->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    b->AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0); // as many as it takes
    b->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                          pings_of_clients_ms);
    b->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle_ms);
    b->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, age_ms);
    b->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, INT_MAX);
}

std::string address(const grpc_config *config)
{
    std::string host = config->host;
    if (host.find(':') != std::string::npos)
        host = "[" + host + "]";
    return host + ":" + std::to_string(config->port);
}

void set_serving(rpc_server *self, bool serving)
{
    grpc_server *s = of(self);
    std::lock_guard<std::mutex> lock(s->mutex);
    if (s->health == nullptr)
        return;
    s->health->SetServingStatus("", serving);
    s->health->SetServingStatus(chat::Chat::service_full_name(), serving);
    s->health->SetServingStatus(message::MessageService::service_full_name(), serving);
}

void set_health(grpc_server *s, grpc::HealthCheckServiceInterface *health)
{
    std::lock_guard<std::mutex> lock(s->mutex);
    s->health = health;
}

enum err start(rpc_server *self, rpc_handler *handler, char *reason, size_t reason_size)
{
    grpc_server *s = of(self);
    s->chat.handler = handler;
    s->messages.handler = handler;
    grpc::EnableDefaultHealthCheckService(true);
    static bool once = (grpc::reflection::InitProtoReflectionServerBuilderPlugin(), true);
    (void)once;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address(s->config), credentials(s->config), &port);
    builder.RegisterService(&s->chat);
    builder.RegisterService(&s->messages);
    if (s->link != nullptr)
        builder.RegisterService(&s->hearing);
    set_limits(&builder, s->config);
    s->server = builder.BuildAndStart();
    if (s->server == nullptr || port == 0) {
        s->server.reset();
        std::snprintf(reason, reason_size, "gRPC cannot listen on %s (is the port taken?)",
                      address(s->config).c_str());
        return ERR_UNAVAILABLE;
    }
    set_health(s, s->server->GetHealthCheckService());
    set_serving(self, false);
    return ERR_OK;
}

void stop(rpc_server *self)
{
    grpc_server *s = of(self);
    set_health(s, nullptr);
    if (s->server != nullptr)
        s->server->Shutdown(std::chrono::system_clock::now() + stop_patience);
    s->server.reset();
}

// The call may be gone when Finish returns.
void answer(rpc_call *call, const rpc_piece *message, const rpc_status *status)
{
    if (message != nullptr)
        *call->response = buffer_of(message, 1);
    call->Finish(status_of(*status));
}

bool is_wanted(const rpc_call *call)
{
    return !call->context->IsCancelled() &&
           call->context->deadline() > std::chrono::system_clock::now();
}

void write(rpc_stream *stream, const rpc_piece *pieces, size_t n)
{
    stream->message = buffer_of(pieces, n);
    stream->StartWrite(&stream->message);
}

void finish(rpc_stream *stream, const rpc_status *status)
{
    stream->Finish(status_of(*status));
}

void abort_stream(rpc_stream *stream)
{
    stream->context->TryCancel();
}

const rpc_server_ops ops = {start,     stop,  set_serving, answer,
                            is_wanted, write, finish,      abort_stream};

} // namespace

rpc_server *grpc_server_new(const grpc_config *config)
{
    auto *s = new grpc_server;
    s->door.ops = &ops;
    s->config = config;
    if (config->secret[0] != '\0' && config->node[0] != '\0') {
        s->link = std::make_unique<peers::Link>(config);
        s->hearing.link = s->link.get();
    }
    return &s->door;
}

peer_link *grpc_server_peers(rpc_server *self)
{
    return of(self)->link == nullptr ? nullptr : &of(self)->link->door;
}

void grpc_server_free(rpc_server *self)
{
    stop(self);
    delete of(self);
}

const char *grpc_library_version(void)
{
    static const std::string version = grpc::Version();
    return version.c_str();
}
