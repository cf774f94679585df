/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* Each run of cells of one style becomes one text node, with every glyph as wide as its cells.
 * Looking up glyphs costs so little that nodes are not kept from frame to frame: what costs is
 * painting them (measured by bench-logview). */

#include "config.h"

#include "logview/log-painter.h"

#include <math.h>
#include <string.h>

#define N_VARIANTS 4 /* regular, bold, italic, both */
#define FIRST_GLYPH 0x20
#define LAST_GLYPH 0x7e
#define LINE_PADDING 3
/* Joined letters are laid out at most so many cells at a time. */
#define MAX_SHAPED_CELLS 256

typedef struct
{
  PangoFontDescription *description; /* (owned) */
  PangoFont *font;                   /* (owned) of the table */
  PangoGlyph glyphs[LAST_GLYPH - FIRST_GLYPH + 1];
} Variant;

typedef struct
{
  PangoFont *font;          /* (owned) */
  PangoGlyphString *glyphs; /* (owned) */
  double x;
} Piece;

/* A laid out cluster. */
typedef struct
{
  char *key; /* (owned) the variant's digit, then its text */
  Piece *pieces;
  guint n_pieces;
  double width;
  gboolean missing; /* no font has it */
} Cluster;

struct _TroupeLogPainter
{
  PangoContext *context; /* (owned) */
  Variant variants[N_VARIANTS];
  GHashTable *clusters; /* (owned) of Cluster, by key */
  PangoGlyphString *run; /* (owned) being put together */
  int cell_width, line_height, baseline;
};

/* A run being put together. */
typedef struct
{
  TroupeLogPainter *painter;
  GtkSnapshot *snapshot;
  double x, y; /* of its first cell */
  const Variant *variant;
  GdkRGBA color;
  gboolean has_ink;
} Run;

static void
cluster_free (gpointer data)
{
  Cluster *cluster = data;

  for (guint i = 0; i < cluster->n_pieces; i++)
    {
      g_clear_object (&cluster->pieces[i].font);
      pango_glyph_string_free (cluster->pieces[i].glyphs);
    }
  g_free (cluster->pieces);
  g_free (cluster->key);
  g_free (cluster);
}

static void
variant_load (TroupeLogPainter *self, Variant *variant)
{
  g_autoptr (PangoLayout) layout = pango_layout_new (self->context);

  pango_layout_set_font_description (layout, variant->description);
  for (int ch = FIRST_GLYPH; ch <= LAST_GLYPH; ch++)
    {
      char text = ch;
      PangoLayoutLine *line;
      PangoGlyphItem *item;

      pango_layout_set_text (layout, &text, 1);
      line = pango_layout_get_line_readonly (layout, 0);
      if (line->runs == NULL)
        continue;
      item = line->runs->data;
      if (variant->font == NULL)
        variant->font = g_object_ref (item->item->analysis.font);
      variant->glyphs[ch - FIRST_GLYPH] = item->glyphs->num_glyphs > 0 ? item->glyphs->glyphs[0].glyph : 0;
    }
}

static const Variant *
get_variant (TroupeLogPainter *self, guint32 flags)
{
  guint i = ((flags & TROUPE_ANSI_BOLD) != 0 ? 1 : 0) | ((flags & TROUPE_ANSI_ITALIC) != 0 ? 2 : 0);

  if (self->variants[i].font == NULL)
    variant_load (self, &self->variants[i]);
  return &self->variants[i];
}

TroupeLogPainter *
troupe_log_painter_new (PangoContext *context, const PangoFontDescription *font)
{
  TroupeLogPainter *self = g_new0 (TroupeLogPainter, 1);
  PangoFontMetrics *metrics;

  self->context = g_object_ref (context);
  self->clusters = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, cluster_free);
  self->run = pango_glyph_string_new ();
  for (guint i = 0; i < N_VARIANTS; i++)
    {
      self->variants[i].description = pango_font_description_copy (font);
      if ((i & 1) != 0)
        pango_font_description_set_weight (self->variants[i].description, PANGO_WEIGHT_BOLD);
      if ((i & 2) != 0)
        pango_font_description_set_style (self->variants[i].description, PANGO_STYLE_ITALIC);
    }
  metrics = pango_context_get_metrics (context, font, NULL);
  self->cell_width = MAX (1, PANGO_PIXELS (pango_font_metrics_get_approximate_digit_width (metrics)));
  self->baseline =
      PANGO_PIXELS_CEIL (pango_font_metrics_get_ascent (metrics)) + LINE_PADDING / 2;
  self->line_height = PANGO_PIXELS_CEIL (pango_font_metrics_get_ascent (metrics)) +
                      PANGO_PIXELS_CEIL (pango_font_metrics_get_descent (metrics)) + LINE_PADDING;
  pango_font_metrics_unref (metrics);
  return self;
}

void
troupe_log_painter_free (TroupeLogPainter *self)
{
  for (guint i = 0; i < N_VARIANTS; i++)
    {
      pango_font_description_free (self->variants[i].description);
      g_clear_object (&self->variants[i].font);
    }
  g_hash_table_unref (self->clusters);
  pango_glyph_string_free (self->run);
  g_object_unref (self->context);
  g_free (self);
}

int
troupe_log_painter_get_cell_width (TroupeLogPainter *self)
{
  return self->cell_width;
}

int
troupe_log_painter_get_line_height (TroupeLogPainter *self)
{
  return self->line_height;
}

static void
append_text_node (GtkSnapshot *snapshot, PangoFont *font, PangoGlyphString *glyphs, const GdkRGBA *color, double x,
                  double y)
{
  graphene_point_t origin = GRAPHENE_POINT_INIT (x, y);
  GskRenderNode *node = gsk_text_node_new (font, glyphs, color, &origin);

  /* There is none where all is blank. */
  if (node == NULL)
    return;
  gtk_snapshot_append_node (snapshot, node);
  gsk_render_node_unref (node);
}

static void
run_add (Run *run, PangoGlyph glyph, int n_cells, int x_offset)
{
  PangoGlyphString *glyphs = run->painter->run;
  int i = glyphs->num_glyphs;

  /* Growing by one keeps pango's own doubling of what it allocates. */
  pango_glyph_string_set_size (glyphs, i + 1);
  glyphs->glyphs[i] = (PangoGlyphInfo){
    .glyph = glyph,
    .geometry = { .width = n_cells * run->painter->cell_width * PANGO_SCALE, .x_offset = x_offset },
    .attr = { .is_cluster_start = 1 },
  };
  glyphs->log_clusters[i] = i;
}

static void
run_flush (Run *run)
{
  TroupeLogPainter *self = run->painter;

  if (self->run->num_glyphs > 0 && run->has_ink)
    append_text_node (run->snapshot, run->variant->font, self->run, &run->color, run->x, run->y + self->baseline);
  pango_glyph_string_set_size (self->run, 0);
  run->has_ink = FALSE;
}

static Cluster *
cluster_new (TroupeLogPainter *self, const Variant *variant, char *key)
{
  g_autoptr (PangoLayout) layout = pango_layout_new (self->context);
  Cluster *cluster = g_new0 (Cluster, 1);
  PangoLayoutLine *line;
  double x = 0;
  guint i = 0;

  pango_layout_set_font_description (layout, variant->description);
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_text (layout, key + 1, -1);
  line = pango_layout_get_line_readonly (layout, 0);
  cluster->missing = pango_layout_get_unknown_glyphs_count (layout) > 0;
  cluster->key = key;
  cluster->n_pieces = g_slist_length (line->runs);
  cluster->pieces = g_new0 (Piece, cluster->n_pieces);
  for (GSList *at = line->runs; at != NULL; at = at->next, i++)
    {
      PangoGlyphItem *item = at->data;

      cluster->pieces[i].font = g_object_ref (item->item->analysis.font);
      cluster->pieces[i].glyphs = pango_glyph_string_copy (item->glyphs);
      cluster->pieces[i].x = x;
      x += pango_glyph_string_get_width (item->glyphs) / (double) PANGO_SCALE;
    }
  cluster->width = x;
  return cluster;
}

static const Cluster *
get_cluster (TroupeLogPainter *self, const Variant *variant, const char *text, gsize length)
{
  g_autofree char *key = g_malloc (length + 2);
  Cluster *cluster;

  key[0] = '0' + (variant - self->variants);
  memcpy (key + 1, text, length);
  key[length + 1] = '\0';
  cluster = g_hash_table_lookup (self->clusters, key);
  if (cluster == NULL)
    {
      if (g_hash_table_size (self->clusters) >= TROUPE_LOG_PAINTER_MAX_CLUSTERS)
        g_hash_table_remove_all (self->clusters);
      cluster = cluster_new (self, variant, g_steal_pointer (&key));
      g_hash_table_insert (self->clusters, cluster->key, cluster);
    }
  return cluster;
}

/* Draws TEXT in N_CELLS cells of RUN, as part of it if the font has it as one glyph. */
static void
run_add_cluster (Run *run, const char *text, gsize length, guint n_cells, double x)
{
  TroupeLogPainter *self = run->painter;
  const Cluster *cluster = get_cluster (self, run->variant, text, length);
  double room = n_cells * self->cell_width;
  double scale = 1;
  double start;

  if (cluster->n_pieces == 1 && cluster->pieces[0].font == run->variant->font &&
      cluster->pieces[0].glyphs->num_glyphs == 1)
    {
      run_add (run, cluster->pieces[0].glyphs->glyphs[0].glyph, n_cells,
               cluster->pieces[0].glyphs->glyphs[0].geometry.x_offset);
      run->has_ink = TRUE;
      return;
    }
  run_flush (run);
  if (cluster->width > room + 1)
    scale = room / cluster->width;
  start = scale < 1 ? x : x + floor ((room - cluster->width) / 2);
  if (scale < 1)
    {
      gtk_snapshot_save (run->snapshot);
      gtk_snapshot_translate (run->snapshot, &GRAPHENE_POINT_INIT (start, 0));
      gtk_snapshot_scale (run->snapshot, scale, 1);
      start = 0;
    }
  for (guint i = 0; i < cluster->n_pieces; i++)
    append_text_node (run->snapshot, cluster->pieces[i].font, cluster->pieces[i].glyphs, &run->color,
                      start + cluster->pieces[i].x, run->y + self->baseline);
  if (scale < 1)
    gtk_snapshot_restore (run->snapshot);
  run->x = x + room;
}

/* A control byte as its symbol, or, where no font has that, as the letter one types it with,
 * on a key. */
static void
run_add_control (Run *run, guint8 byte, double x)
{
  TroupeLogPainter *self = run->painter;
  char text[6];
  int length = g_unichar_to_utf8 (troupe_ansi_control_symbol (byte), text);
  GdkRGBA key = run->color;

  if (!get_cluster (self, run->variant, text, length)->missing)
    {
      run_add_cluster (run, text, length, 1, x);
      return;
    }
  key.alpha = 0.25f;
  gtk_snapshot_append_color (run->snapshot, &key,
                             &GRAPHENE_RECT_INIT (x, run->y + 1, self->cell_width - 1, self->line_height - 2));
  run_add (run, run->variant->glyphs[(byte ^ 0x40) - FIRST_GLYPH], 1, 0);
  run->has_ink = TRUE;
}

/* Underline and strike-through. */
static void
draw_lines (Run *run, guint32 flags, double x, gsize n_cells)
{
  TroupeLogPainter *self = run->painter;
  float width = n_cells * self->cell_width;

  if ((flags & TROUPE_ANSI_UNDERLINE) != 0)
    gtk_snapshot_append_color (run->snapshot, &run->color,
                               &GRAPHENE_RECT_INIT (x, run->y + self->baseline + 2, width, 1));
  if ((flags & TROUPE_ANSI_STRIKE) != 0)
    gtk_snapshot_append_color (run->snapshot, &run->color,
                               &GRAPHENE_RECT_INIT (x, run->y + floor (self->baseline * 0.7), width, 1));
}

static void
draw_plain (Run *run, const guint8 *bytes, gsize begin, gsize end)
{
  for (gsize i = begin; i < end; i++)
    {
      run_add (run, run->variant->glyphs[bytes[i] - FIRST_GLYPH], 1, 0);
      run->has_ink = run->has_ink || bytes[i] != ' ';
    }
  run_flush (run);
}

/* Where the glyph at I ends: behind its pads. */
static gsize
glyph_end (const TroupeAnsiLine *line, gsize i, gsize end)
{
  for (i = i + 1; i < end && line->cells[i].kind == TROUPE_ANSI_CELL_PAD; i++)
    ;
  return i;
}

/* Draws the cells from I on that are laid out together; returns where they end. */
static gsize
draw_glyph (Run *run, const TroupeAnsiLine *line, const guint8 *bytes, gsize i, gsize end, double x)
{
  const TroupeAnsiCell *cell = &line->cells[i];
  const char *text = (const char *) bytes + cell->raw;
  gsize length = cell->raw_length;
  gsize next = glyph_end (line, i, end);

  switch ((TroupeAnsiCellKind) cell->kind)
    {
    case TROUPE_ANSI_CELL_ASCII:
      run_add (run, run->variant->glyphs[bytes[cell->raw] - FIRST_GLYPH], 1, 0);
      run->has_ink = run->has_ink || bytes[cell->raw] != ' ';
      break;
    case TROUPE_ANSI_CELL_BLANK:
    case TROUPE_ANSI_CELL_PAD:
    case TROUPE_ANSI_CELL_TAB:
      for (gsize k = i; k < next; k++)
        run_add (run, run->variant->glyphs[0], 1, 0);
      break;
    case TROUPE_ANSI_CELL_CONTROL:
      run_add_control (run, bytes[cell->raw], x);
      break;
    case TROUPE_ANSI_CELL_INVALID:
      run_add_cluster (run, "\357\277\275", 3, 1, x);
      break;
    case TROUPE_ANSI_CELL_SHAPED:
      while (next < end && next - i < MAX_SHAPED_CELLS && line->cells[next].kind == TROUPE_ANSI_CELL_SHAPED &&
             line->cells[next].style == cell->style && line->cells[next].raw == cell->raw + length)
        {
          length += line->cells[next].raw_length;
          next = glyph_end (line, next, end);
        }
      run_add_cluster (run, text, length, next - i, x);
      break;
    case TROUPE_ANSI_CELL_TEXT:
      run_add_cluster (run, text, length, next - i, x);
      break;
    }
  return next;
}

void
troupe_log_painter_draw_cells (TroupeLogPainter *self, GtkSnapshot *snapshot, const TroupeLogPalette *palette,
                               const TroupeAnsiLine *line, const guint8 *bytes, gsize begin, gsize end, double x,
                               double y, const GdkRGBA *color)
{
  Run run = { .painter = self, .snapshot = snapshot, .x = x, .y = y };

  end = MIN (end, line->n_columns);
  if (begin >= end)
    return;
  if (line->plain)
    {
      run.variant = get_variant (self, 0);
      run.color = color != NULL ? *color : palette->theme.text;
      draw_plain (&run, bytes, begin, end);
      return;
    }
  for (gsize i = begin; i < end;)
    {
      guint16 style = line->cells[i].style;
      gsize first = i;
      GdkRGBA background;

      run.x = x + (double) (i - begin) * self->cell_width;
      run.variant = get_variant (self, line->styles[style].flags);
      troupe_log_palette_resolve (palette, &line->styles[style], &run.color, &background);
      if (color != NULL)
        run.color = *color;
      while (i < end && line->cells[i].style == style)
        i = draw_glyph (&run, line, bytes, i, end, x + (double) (i - begin) * self->cell_width);
      run_flush (&run);
      draw_lines (&run, line->styles[style].flags, x + (double) (first - begin) * self->cell_width, i - first);
    }
}

void
troupe_log_painter_draw_backgrounds (TroupeLogPainter *self, GtkSnapshot *snapshot, const TroupeLogPalette *palette,
                                     const TroupeAnsiLine *line, gsize begin, gsize end, double x, double y)
{
  end = MIN (end, line->n_columns);
  if (line->plain || line->n_styles <= 1)
    return;
  for (gsize i = begin; i < end;)
    {
      guint16 style = line->cells[i].style;
      gsize first = i;
      GdkRGBA foreground;
      GdkRGBA background;

      while (i < end && line->cells[i].style == style)
        i++;
      if (troupe_log_palette_resolve (palette, &line->styles[style], &foreground, &background))
        gtk_snapshot_append_color (snapshot, &background,
                                   &GRAPHENE_RECT_INIT (x + (double) (first - begin) * self->cell_width, y,
                                                        (i - first) * self->cell_width, self->line_height));
    }
}

void
troupe_log_painter_draw_text (TroupeLogPainter *self, GtkSnapshot *snapshot, const TroupeLogPalette *palette,
                              const char *text, double x, double y, const GdkRGBA *color)
{
  TroupeAnsiLine line;

  troupe_ansi_parse ((const guint8 *) text, strlen (text), &line);
  troupe_log_painter_draw_cells (self, snapshot, palette, &line, (const guint8 *) text, 0, line.n_columns, x, y,
                                 color);
  troupe_ansi_line_clear (&line);
}
