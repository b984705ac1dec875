{{- define "tvtantrum.pgbouncerIni" -}}
[databases]
{{ include "tvtantrum.postgresDatabase" . }} = host={{ include "tvtantrum.postgresHost" . }} port={{ include "tvtantrum.postgresPort" . }}
{{- with include "tvtantrum.postgresReadHost" . }}
{{ include "tvtantrum.postgresReadDatabase" $ }} = host={{ . }} port={{ include "tvtantrum.postgresPort" $ }} dbname={{ include "tvtantrum.postgresDatabase" $ }}
{{- end }}

[pgbouncer]
listen_addr = *
listen_port = 6432
unix_socket_dir =

auth_type = scram-sha-256
; In plain text, for PgBouncer has to log in at PostgreSQL with it.
auth_file = /etc/pgbouncer/secret/userlist.txt
; May ask PgBouncer for its figures, and change nothing.
stats_users = {{ include "tvtantrum.postgresUser" . }}

server_tls_sslmode = {{ include "tvtantrum.sslMode" . }}
{{- if include "tvtantrum.checksCertificate" . }}
server_tls_ca_file = /etc/tantrum/postgres-ca/ca.crt
{{- end }}

pool_mode = transaction
max_prepared_statements = 200
max_client_conn = {{ .Values.pgbouncer.maxClientConnections }}
default_pool_size = {{ .Values.pgbouncer.poolSize }}
; For good, to the primary and to the replicas each: whoever counts connections counts on this.
max_db_connections = {{ .Values.pgbouncer.poolSize }}
min_pool_size = 2
; A request has about a second. A write has more, and is to be refused before that is over:
; who gets no answer in time cannot know whether it was done.
query_wait_timeout = 1
server_connect_timeout = 3
server_login_retry = 1
server_idle_timeout = 60
; Moves to another address of the host within seconds.
dns_max_ttl = 5
dns_nxdomain_ttl = 1
tcp_keepidle = 30
tcp_keepintvl = 5
tcp_keepcnt = 3

; Clients come and go all the time.
log_connections = 0
log_disconnections = 0
log_stats = 0
ignore_startup_parameters = extra_float_digits
{{ end }}
