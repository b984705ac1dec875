{{- define "tvtantrum.redisConf" -}}
# The password. Everything that is kept can be made again at any time.
include /run/secrets/tantrum/redis-auth.conf
bind * -::*
port 6379
dir /tmp
save ""
appendonly no
maxmemory {{ .Values.redis.maxMemoryMebibytes }}mb
maxmemory-policy allkeys-lru
tcp-keepalive 30
{{ end }}
