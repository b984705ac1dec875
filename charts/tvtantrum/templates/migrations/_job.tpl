{{/*
The spec of a Job that brings the schema up to date, straight at PostgreSQL. Takes
(list $ "step"…): the last step is the Job's container, those before it come in order.
*/}}
{{- define "tvtantrum.migrationJob" -}}
{{- $root := index . 0 -}}
{{- $steps := rest . -}}
backoffLimit: 6
activeDeadlineSeconds: 600
template:
  metadata:
    labels: {{- include "tvtantrum.selector" (list $root "migrations") | nindent 6 }}
  spec:
    {{- include "tvtantrum.hookPod" $root | nindent 4 }}
    automountServiceAccountToken: false
    restartPolicy: OnFailure
    {{- if gt (len $steps) 1 }}
    initContainers:
      {{- range initial $steps }}
      {{- include "tvtantrum.migrationStep" (list $root .) | nindent 6 }}
      {{- end }}
    {{- end }}
    containers:
      {{- include "tvtantrum.migrationStep" (list $root (last $steps)) | nindent 6 }}
    volumes:
      {{- include "tvtantrum.caVolume" $root | nindent 6 }}
      - name: tmp
        emptyDir: { sizeLimit: 64Mi }
{{- end }}

{{- define "tvtantrum.migrationStep" -}}
{{- $root := index . 0 -}}
{{- $step := index . 1 -}}
- name: {{ $step }}
  {{- include "tvtantrum.image" (list $root "catalog") | nindent 2 }}
  {{- include "tvtantrum.container" $root | nindent 2 }}
  {{- if eq $step "wait" }}
  # A failed step is tried again after 10 s, 20 s, 40 s; this is quicker on a new volume.
  command:
    - /opt/tantrum/bin/python
    - -c
    - |
      import socket, sys, time
      for _ in range(240):
          try:
              sys.exit(socket.create_connection(sys.argv[1:], timeout=2).close())
          except OSError as error:
              reason = error
          time.sleep(0.5)
      sys.exit(f"PostgreSQL does not answer: {reason}")
    - {{ include "tvtantrum.postgresHost" $root | quote }}
    - {{ include "tvtantrum.postgresPort" $root | quote }}
  {{- else if eq $step "seed" }}
  args: [seed, --from, /opt/tantrum/catalogue]
  {{- else }}
  args: [migrate]
  {{- end }}
  env:
    - { name: CATALOG_DATABASE_URL, value: {{ include "tvtantrum.directDatabaseUrl" $root | quote }} }
    {{- include "tvtantrum.secretEnv" (list $root "CATALOG_DATABASE_PASSWORD" "database-password") | nindent 4 }}
    {{- if include "tvtantrum.checksCertificate" $root }}
    - { name: CATALOG_DATABASE_SSL_ROOT_CERT_FILE, value: /etc/tantrum/postgres-ca/ca.crt }
    {{- end }}
    # These are among postgres.directConnections.
    - { name: CATALOG_DATABASE_POOL_MIN_COUNT, value: "0" }
    - { name: CATALOG_DATABASE_POOL_MAX_COUNT, value: "2" }
  resources:
    requests: { cpu: 50m, memory: 96Mi }
    limits: { memory: 256Mi }
  volumeMounts:
    {{- include "tvtantrum.caMount" $root | nindent 4 }}
    - { name: tmp, mountPath: /tmp }
{{- end }}
