{{/* What the operator may do where it acts. README.md says what each right is for. */}}
{{- define "operator.rules" -}}
# Reading our objects, and saying on them what is. Their specs are never written.
- apiGroups: [platform.tvtantrum.com]
  resources: [servicescalers, scalingbudgets, pgbouncers, rediscaches]
  verbs: [get, list, watch]
- apiGroups: [platform.tvtantrum.com]
  resources: [servicescalers/status, scalingbudgets/status, pgbouncers/status, rediscaches/status]
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- if or (has "ServiceScaler" .Values.kinds) (has "ScalingBudget" .Values.kinds) }}
# Scaling: a number, and not the Deployment, where the image would be.
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [get, update]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [list]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [list]
- apiGroups: [metrics.k8s.io]
  resources: [pods]
  verbs: [list]
{{- end }}
- apiGroups: [""]
  resources: [pods]
  verbs: [list]
{{- if include "operator.makesObjects" . }}
# What PgBouncers and RedisCaches are made of. RBAC cannot bound this to what carries our label,
# so whoever holds this account can run pods and read Secrets in these namespaces.
- apiGroups: [apps]
  resources: [deployments, statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [services, configmaps, secrets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
{{- if has "RedisCache" .Values.kinds }}
# Which pod is the master is a label of it; an upgrade deletes replicas one by one.
- apiGroups: [""]
  resources: [pods]
  verbs: [patch, delete]
{{- end }}
{{- end }}
