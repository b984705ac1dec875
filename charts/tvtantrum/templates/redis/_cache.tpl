{{/* Redis by the chart: one pod, which may be gone; or by the operator: a RedisCache, which fails over. */}}

{{- define "tvtantrum.redisInChart" -}}
{{- if and .Values.redis.enabled (eq .Values.redis.managedBy "chart") }}true{{ end }}
{{- end }}

{{- define "tvtantrum.redisInOperator" -}}
{{- if and .Values.redis.enabled (eq .Values.redis.managedBy "operator") }}true{{ end }}
{{- end }}

{{/* The RedisCache, which is also what its Sentinels call the master. */}}
{{- define "tvtantrum.redisCache" -}}
{{ include "tvtantrum.name" (list . "cache") }}
{{- end }}

{{/* Takes (list $ "redis"|"redis-sentinel"): what the operator labels those pods with. */}}
{{- define "tvtantrum.cacheSelector" -}}
app.kubernetes.io/name: {{ index . 1 }}
app.kubernetes.io/instance: {{ include "tvtantrum.redisCache" (index . 0) }}
app.kubernetes.io/managed-by: tantrum-operator
{{- end }}

{{- define "tvtantrum.cachePeer" -}}
- podSelector:
    matchLabels: {{- include "tvtantrum.cacheSelector" . | nindent 6 }}
{{- end }}

{{/* Where a gateway finds Redis. The kubelet puts the password in. */}}
{{- define "tvtantrum.redisUrl" -}}
{{- if include "tvtantrum.redisInChart" . -}}
redis://:$(REDIS_PASSWORD)@{{ include "tvtantrum.host" (list . "redis") }}:6379/0
{{- else -}}
{{- $sentinels := list }}
{{- range $ordinal := until (int .Values.redis.sentinels) }}
  {{- $host := include "tvtantrum.host" (list $ "cache-sentinel") }}
  {{- $sentinels = append $sentinels (printf "%s-sentinel-%d.%s:26379" (include "tvtantrum.redisCache" $) $ordinal $host) }}
{{- end -}}
redis+sentinel://:$(REDIS_PASSWORD)@{{ join "," $sentinels }}/{{ include "tvtantrum.redisCache" . }}/0
{{- end }}
{{- end }}
