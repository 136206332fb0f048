{{- define "gavel.fullname" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "gavel.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gavel.labels" -}}
{{ include "gavel.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "gavel.image" -}}
{{- .Values.image.repository -}}
{{- with .Values.image.digest }}@{{ . }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end -}}
{{- end -}}

{{- define "gavel.rules" -}}
{{- .Values.rules.configMap | default (printf "%s-rules" (include "gavel.fullname" .)) -}}
{{- end -}}

{{/* What all processes share of a pod; `more` is what one has beside it. */}}
{{- define "gavel.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
volumes:
  - name: rules
    configMap:
      name: {{ include "gavel.rules" . }}
  - name: secrets
    secret:
      secretName: {{ .Values.secret.name }}
      defaultMode: 0440
      items:
        {{- range .Values.secret.keys }}
        - {key: {{ . }}, path: {{ . }}}
        {{- end }}
  {{- with .Values.accounts.secret }}
  - name: accounts
    secret: {secretName: {{ . }}, defaultMode: 0440}
  {{- end }}
  {{- with .more }}{{- with .volumes }}{{- toYaml . | nindent 2 }}{{- end }}{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.topologySpreadConstraints }}
topologySpreadConstraints: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What all processes share of a container. */}}
{{- define "gavel.container" -}}
image: {{ include "gavel.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - configMapRef: {name: {{ include "gavel.fullname" . }}-settings}
env:
  {{- range .Values.secret.keys }}
  - {name: {{ . }}_FILE, value: /run/secrets/gavel/{{ . }}}
  {{- end }}
  {{- with .more }}{{- with .env }}{{- toYaml . | nindent 2 }}{{- end }}{{- end }}
volumeMounts:
  - {name: rules, mountPath: /etc/gavel, readOnly: true}
  - {name: secrets, mountPath: /run/secrets/gavel, readOnly: true}
  {{- if .Values.accounts.secret }}
  - {name: accounts, mountPath: /etc/gavel-accounts, readOnly: true}
  {{- end }}
  {{- with .more }}{{- with .volumeMounts }}{{- toYaml . | nindent 2 }}{{- end }}{{- end }}
{{- end -}}
