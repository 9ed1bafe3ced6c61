"""The GLSL of render.py."""

VERTEX = """
#version 330
uniform vec2 scale;   // 2 focal / size
uniform vec2 planes;  // near, far
in vec3 position; in vec3 normal; in vec2 uv;
out vec3 p; out vec3 n; out vec2 t;
void main() {
    p = position; n = normal; t = uv;
    float w = -position.z, span = planes.y - planes.x;
    gl_Position = vec4(scale.x * position.x, -scale.y * position.y,
                       ((planes.y + planes.x) * w - 2.0 * planes.x * planes.y) / span, w);
}
"""

GEOMETRY = """
#version 330
uniform sampler2D albedo;
uniform float part;
in vec3 p; in vec2 t;
out vec2 result;
void main() {
    if (CUT && texture(albedo, t).a < 0.5) discard;
    result = vec2(-p.z, part);
}
"""

SHADOW_VERTEX = """
#version 330
uniform mat4 to_key;
in vec3 position; in vec2 uv;
out vec2 t;
void main() { t = uv; gl_Position = to_key * vec4(position, 1.0); }
"""

SHADOW = """
#version 330
uniform sampler2D albedo;
in vec2 t;
void main() { if (CUT && texture(albedo, t).a < 0.5) discard; }
"""

BACKGROUND_VERTEX = """
#version 330
void main() {
    gl_Position = vec4(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0, 0.0, 1.0);
}
"""

BACKGROUND = """
#version 330
uniform sampler2D picture;
out vec4 color;
void main() { color = vec4(texelFetch(picture, ivec2(gl_FragCoord.xy) / 2, 0).rgb, 1.0); }
"""

SHADING = """
#version 330
uniform sampler2D albedo, reach;
uniform sampler2DShadow shadow;
uniform mat4 to_key;
uniform vec3 sh[9];
uniform vec3 key_direction, key_color, screen;
uniform vec4 shade;
uniform vec2 shade_edge;  // half width, gain
uniform vec3 tint;
uniform vec4 coat;  // gloss, roughness, emissive, skin
uniform float opacity;
in vec3 p; in vec3 n; in vec2 t;
out vec4 color;

vec3 around(vec3 d) {
    return sh[0] * 0.282095 + 0.488603 * (sh[1] * d.y + sh[2] * d.z + sh[3] * d.x)
        + 1.092548 * (sh[4] * d.x * d.y + sh[5] * d.y * d.z + sh[7] * d.x * d.z)
        + sh[6] * 0.315392 * (3.0 * d.z * d.z - 1.0)
        + sh[8] * 0.546274 * (d.x * d.x - d.y * d.y);
}

// GGX with Smith's joint masking (Hammon's short form), times pi and the cosine.
float mirror(vec3 normal, vec3 view, vec3 light, float rough, float f0) {
    vec3 h = normalize(view + light);
    float nl = max(dot(normal, light), 0.0), nv = max(abs(dot(normal, view)), 0.02);
    float nh = max(dot(normal, h), 0.0), a = rough * rough, a2 = a * a;
    float k = nh * nh * (a2 - 1.0) + 1.0;
    float masking = 0.5 / mix(2.0 * nl * nv, nl + nv, a);
    float fresnel = f0 + (1.0 - f0) * pow(max(1.0 - dot(view, h), 0.0), 5.0);
    return nl > 0.0 ? a2 / (k * k) * masking * fresnel * nl : 0.0;
}

vec3 wrapped(float cosine, vec3 bleed) {
    vec3 w = clamp((cosine + bleed) / (1.0 + bleed), 0.0, 1.0);
    return mix(vec3(max(cosine, 0.0)), w * w * (1.0 + 0.3 * bleed), step(0.001, bleed.r));
}

float lit() {
    vec3 at = (to_key * vec4(p + (0.003 + 0.006 * coat.w) * normalize(n), 1.0)).xyz * 0.5 + 0.5;
    at.z -= 0.002;
    float step_ = 1.2 / float(textureSize(shadow, 0).x), sum = 0.0;
    sum += texture(shadow, at + vec3(-step_, -0.4 * step_, 0.0));
    sum += texture(shadow, at + vec3(0.4 * step_, -step_, 0.0));
    sum += texture(shadow, at + vec3(step_, 0.4 * step_, 0.0));
    sum += texture(shadow, at + vec3(-0.4 * step_, step_, 0.0));
    return 0.25 * sum;
}

void main() {
    vec4 texel = texture(albedo, t);
    if (CUT && texel.a < 0.5) discard;
    vec3 base = texel.rgb * tint, view = normalize(-p);
    vec3 normal = normalize(n);
    if (!gl_FrontFacing) normal = -normal;
    float gloss = coat.x, rough = coat.y;
    float reached = texelFetch(reach, ivec2(gl_FragCoord.xy) / 2, 0).r;
    vec3 bleed = coat.w * vec3(0.20, 0.08, 0.05);

    float shaded = smoothstep(-shade_edge.x, shade_edge.x, dot(shade.xyz, p) + shade.w);
    float gain = mix(shade_edge.y, 1.0, shaded);
    vec3 soft = mix(vec3(reached), vec3(1.0), 0.35 * base * coat.w);
    vec3 ambient = max(around(normal), 0.0) * soft;
    vec3 light = ambient * mix(1.0, gain, 0.6);

    vec3 key = key_color * gain;
    float visible = key_color.r + key_color.g + key_color.b > 0.0 ? lit() : 0.0;
    light += key * wrapped(dot(normal, key_direction), bleed) * visible;

    vec3 to_screen = vec3(0.0, -0.12, 0.0) - p;
    float away = length(to_screen);
    to_screen /= away;
    vec3 glow = screen * min(0.16 / (away * away), 1.0);
    light += glow * clamp((dot(normal, to_screen) + 0.25) / 1.25, 0.0, 1.0) * reached;

    float f0 = 0.04, nv = max(dot(normal, view), 0.0);
    float rim = f0 + (max(1.0 - rough, f0) - f0) * pow(max(1.0 - nv, 0.0), 5.0);
    vec3 coating = key * visible * mirror(normal, view, key_direction, rough, f0)
        + glow * mirror(normal, view, to_screen, max(rough, 0.2), f0)
        + max(around(reflect(-view, normal)), 0.0) * rim * reached;

    vec3 result = mix(base * light * opacity + gloss * coating, base * opacity, coat.z);
    color = vec4(result, opacity);
}
"""
