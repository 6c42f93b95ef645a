/* What epoll events and timeouts are about. */
#ifndef HTTP_EVENT_H
#define HTTP_EVENT_H

enum http_event_kind { HTTP_EVENT_LISTENER, HTTP_EVENT_INBOX, HTTP_EVENT_CONNECTION };

/* First member of whatever is registered with epoll. */
struct http_event {
    enum http_event_kind kind;
};

enum http_timeout {
    HTTP_TIMEOUT_IDLE,
    HTTP_TIMEOUT_HEADER,
    HTTP_TIMEOUT_BODY,
    HTTP_TIMEOUT_LINGER,
    HTTP_TIMEOUT_NOTICE,
    HTTP_TIMEOUT_WRITE,
    HTTP_TIMEOUT_STREAM_HEAD,
    HTTP_TIMEOUT_STREAM_BODY,
    HTTP_TIMEOUTS
};

#endif
