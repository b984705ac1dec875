{{- define "tvtantrum.nginxConf" -}}
{{- $edge := .Values.edge -}}
{{- $gatewayMs := int (mulf .Values.gateway.requestTimeoutSeconds 1000) -}}
worker_processes 2;
# After SIGQUIT: what is under way gets this long.
worker_shutdown_timeout {{ $edge.shutdownGraceSeconds }}s;
pid /tmp/nginx.pid;
error_log /dev/stderr warn;

events {
    # A client and its gateway take one each.
    worker_connections 8192;
}

http {
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    server_tokens off;

    # The root file system is read-only.
    client_body_temp_path /tmp/client;
    proxy_temp_path /tmp/proxy;
    fastcgi_temp_path /tmp/fastcgi;
    scgi_temp_path /tmp/scgi;
    uwsgi_temp_path /tmp/uwsgi;

    # The id that a request came with, as the gateway takes it, else a new one.
    map $http_x_request_id $own_request_id {
        "~^[!-~]{1,128}$" $http_x_request_id;
        default $request_id;
    }

    geo $realip_remote_addr $proxy_trusted {
        default 0;
        {{- range $edge.trustedProxies }}
        {{ . }} 1;
        {{- end }}
    }
    map $proxy_trusted$http_x_forwarded_proto $client_scheme {
        1http http;
        1https https;
        default $scheme;
    }
    map $client_scheme $strict_transport {
        https max-age=31536000;
        default "";
    }
    {{- range $edge.trustedProxies }}
    set_real_ip_from {{ . }};
    {{- end }}
    real_ip_header X-Forwarded-For;
    real_ip_recursive on;

    {{- if $edge.accessLog }}
    log_format requests escape=json
        '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
        '"uri":"$request_uri","status":$status,"size_bytes":$body_bytes_sent,'
        '"duration_seconds":$request_time,"cache":"$upstream_cache_status",'
        '"upstream":"$upstream_addr","upstream_seconds":"$upstream_response_time",'
        '"request_id":"$own_request_id"}';
    access_log /dev/stdout requests;
    {{- else }}
    access_log off;
    {{- end }}

    # Longer than the idle time of common load balancers (60 s), or both would close at once.
    keepalive_timeout 75s;
    # When stopping, a client that is about to send again is not cut off.
    keepalive_min_timeout {{ min 5 $edge.shutdownGraceSeconds }}s;
    keepalive_requests 10000;
    client_header_timeout 10s;
    client_body_timeout 10s;
    send_timeout 10s;
    client_max_body_size 1m;
    reset_timedout_connection on;
    # Bodies come compressed, and with a tag for each coding.
    gzip off;

    # Names are looked up each second, whatever the DNS server says about their life.
    resolver {{ $edge.resolver }} valid=1s ipv6=off;
    resolver_timeout 2s;

    upstream gateway {
        zone gateway 256k;
        # No pod is ever marked as failed: when the catalogue is gone all answer 503 to some
        # requests, and those that they could answer from memory would find no gateway.
        server {{ include "tvtantrum.host" (list . "gateway") }}:8080 resolve max_fails=0;
        # Connections live 5 s at most, so that new pods get their share, and idle ones less
        # than the gateway's drain, so that none is closed under a request.
        keepalive 128;
        keepalive_time 5s;
        keepalive_timeout {{ min 3 $edge.drainSeconds }}s;
    }

    # What remains of a limit is known for who asked the gateway, and for nobody who gets a copy.
    map $upstream_cache_status $rate_limit {
        ~^(HIT|STALE|UPDATING|REVALIDATED)$ "";
        default $upstream_http_ratelimit;
    }
    {{- if $edge.cache.enabled }}

    proxy_cache_path /var/cache/nginx levels=1:2 keys_zone=answers:16m use_temp_path=off
        max_size={{ $edge.cache.sizeMebibytes }}m inactive=1d;

    # For clients, in the words of RFC 9211.
    map $upstream_cache_status $cache_status {
        "" "";
        HIT "edge; hit";
        REVALIDATED "edge; hit; detail=revalidated";
        STALE "edge; hit; detail=stale";
        UPDATING "edge; hit; detail=updating";
        BYPASS "edge; fwd=bypass";
        EXPIRED "edge; fwd=stale";
        default "edge; fwd=miss";
    }
    {{- end }}

    server {
        {{- if $edge.tls.existingSecret }}
        listen 8080 default_server backlog=4096;
        server_name _;
        return 308 https://$host$request_uri;
    }

    # With a variable in its name the certificate is read again when it has changed.
    map $ssl_server_name $tls_file {
        default tls;
    }

    server {
        listen 8443 ssl default_server backlog=4096;
        http2 on;
        ssl_certificate /etc/nginx/tls/$tls_file.crt;
        ssl_certificate_key /etc/nginx/tls/$tls_file.key;
        ssl_certificate_cache max=4 valid=30s;
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_session_cache shared:tls:4m;
        {{- else }}
        listen 8080 default_server backlog=4096;
        {{- end }}
        server_name _;

        # A cached answer holds what belongs to the request that fetched it.
        proxy_hide_header X-Request-Id;
        add_header X-Request-Id $own_request_id always;
        proxy_hide_header RateLimit;
        add_header RateLimit $rate_limit always;
        proxy_hide_header Strict-Transport-Security;
        add_header Strict-Transport-Security $strict_transport always;
        {{- if $edge.cache.enabled }}
        add_header Cache-Status $cache_status always;
        {{- end }}
        add_header_inherit merge;

        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Request-Id $own_request_id;
        # One address, which is known: what a client claims goes no further.
        proxy_set_header X-Forwarded-For $remote_addr;
        proxy_set_header X-Forwarded-Proto $client_scheme;
        proxy_buffer_size 16k;
        proxy_buffers 16 16k;

        proxy_connect_timeout 300ms;
        proxy_send_timeout 5s;
        # The gateway's own budget for a request ends 200 ms earlier.
        proxy_read_timeout {{ add $gatewayMs 200 }}ms;
        # Another gateway is asked, but not for what may not be done twice.
        proxy_next_upstream error timeout http_502 http_503;
        proxy_next_upstream_tries 3;
        proxy_next_upstream_timeout {{ add $gatewayMs 900 }}ms;

        {{- if $edge.cache.enabled }}

        # Only for as long as Cache-Control of the answer says. There is no lock for one
        # request an answer: those who wait look every 500 ms, and the gateway has a better one.
        proxy_cache answers;
        proxy_cache_key "$request_uri $http_accept_encoding";
        proxy_cache_use_stale updating error timeout http_500 http_502 http_503 http_504;
        proxy_cache_background_update on;
        proxy_cache_revalidate on;
        # What is one client's own, and what is to be timed.
        proxy_cache_bypass $http_authorization $http_x_server_timing;
        proxy_no_cache $http_authorization $http_x_server_timing;
        {{- end }}

        recursive_error_pages on;

        location / {
            error_page 502 504 = @again;
            proxy_pass http://gateway;
        }

        # What editors do takes its time, may carry a picture, is done once and never kept.
        location /v1/admin/ {
            client_max_body_size 4m;
            proxy_read_timeout {{ add (int (mulf .Values.gateway.adminTimeoutSeconds 1000)) 200 }}ms;
            proxy_next_upstream off;
            {{- if $edge.cache.enabled }}
            proxy_cache off;
            {{- end }}
            error_page 502 =503 @unavailable;
            error_page 504 @late;
            proxy_pass http://gateway;
        }

        # nginx asks no other gateway when the names were looked up anew since the request
        # began, which is just what happens when a gateway goes. So it begins once more.
        location @again {
            error_page 502 =503 @unavailable;
            error_page 504 @late;
            if ($request_method !~ "^(GET|HEAD)$") {
                return 502;
            }
            proxy_read_timeout {{ max 500 (sub 1700 $gatewayMs) }}ms;
            proxy_next_upstream_tries 1;
            proxy_pass http://gateway;
        }

        location @unavailable {
            internal;
            default_type application/problem+json;
            add_header Retry-After 1 always;
            add_header Cache-Control no-store always;
            add_header X-Content-Type-Options nosniff always;
            add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'" always;
            return 503 '{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"No gateway answers just now. Please try again in a moment."}\n';
        }

        location @late {
            internal;
            default_type application/problem+json;
            add_header Retry-After 1 always;
            add_header Cache-Control no-store always;
            add_header X-Content-Type-Options nosniff always;
            add_header Content-Security-Policy "default-src 'none'; frame-ancestors 'none'" always;
            return 504 '{"type":"about:blank","title":"Gateway Timeout","status":504,"detail":"The answer took too long. Please try again in a moment."}\n';
        }
    }

    # For the kubelet; no Service leads here.
    server {
        listen 8081;
        access_log off;
        location = /livez {
            return 200 "ok\n";
        }
        location / {
            return 404;
        }
    }
}
{{ end }}
