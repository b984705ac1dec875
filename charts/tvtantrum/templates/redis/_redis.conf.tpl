{{- define "tvtantrum.redisConf" -}}
# The password comes as an argument. What is in here can be made again at any time.
bind * -::*
port 6379
dir /tmp
save ""
appendonly no
maxmemory {{ .Values.redis.maxMemoryMebibytes }}mb
maxmemory-policy allkeys-lru
tcp-keepalive 30
{{ end }}
