(* An additive function of intervals that lies between lo (b-a) and hi (b-a)
   whenever lo <= f <= hi on (a, b] is the increase of any primitive of f:
   I a b = F b - F a (interval_integral), the fundamental theorem of calculus,
   for whatever integral gives I. *)
From Coq Require Import Reals Lra Psatz.
From Coquelicot Require Import Rcomplements.
Local Open Scope R_scope.

Section IntervalIntegral.
Variables (f F : R -> R) (I : R -> R -> R).
Hypothesis fc : forall x, continuity_pt f x.
Hypothesis Fd : forall x, derivable_pt_lim F x (f x).
Hypothesis I_add : forall a b c, a <= b -> b <= c -> I a c = I a b + I b c.
Hypothesis I_between : forall a b lo hi, a <= b ->
  (forall y, a < y <= b -> lo <= f y <= hi) -> lo * (b - a) <= I a b <= hi * (b - a).

Lemma increment_close a b x e : a <= b -> (forall y, a <= y <= b -> Rabs (f y - f x) <= e) ->
  Rabs (I a b - (F b - F a)) <= 2 * e * (b - a).
Proof.
  intros Hab Hy.
  assert (H1 : (f x - e) * (b - a) <= I a b <= (f x + e) * (b - a)).
  { apply I_between; auto. intros y Hy'. assert (K : Rabs (f y - f x) <= e) by (apply Hy; lra).
    apply Rabs_le_between in K. lra. }
  destruct Hab as [Hab| ->].
  - destruct (MVT_cor2 F f a b Hab (fun c _ => Fd c)) as [c [E Hc]].
    assert (K : Rabs (f c - f x) <= e) by (apply Hy; lra).
    apply Rabs_le_between in K.
    apply Rabs_le_between. rewrite E. nra.
  - replace (b - b) with 0 in * by ring. replace (F b - F b) with 0 by ring.
    apply Rabs_le_between. lra.
Qed.

Theorem interval_integral a b : a <= b -> I a b = F b - F a.
Proof.
  intros [Hab| ->].
  2:{ assert (H : 0 * (b - b) <= I b b <= 0 * (b - b)) by (apply I_between; [lra|intros; lra]). lra. }
  (* H y = I a y - (F y - F a), with y clamped to [a, oo), has derivative 0 *)
  pose (H := fun y => I a (Rmax a y) + (F a - F (Rmax a y))).
  assert (key : forall x, a < x -> derivable_pt_lim H x 0).
  { intros x Hx e He.
    destruct (fc x (e/4)) as [d [Hd Hf]]; [lra|].
    assert (Hm : 0 < Rmin d (x - a)) by (apply Rmin_glb_lt; lra).
    exists (mkposreal _ Hm). intros h Hh0 Hh. simpl in Hh.
    assert (Hh1 : Rabs h < d) by (apply Rlt_le_trans with (1 := Hh); apply Rmin_l).
    assert (Hh2 : Rabs h < x - a) by (apply Rlt_le_trans with (1 := Hh); apply Rmin_r).
    apply Rabs_def2 in Hh1. apply Rabs_def2 in Hh2.
    assert (Hf' : forall y, Rabs (y - x) < d -> Rabs (f y - f x) <= e/4).
    { intros y Hy. destruct (Req_dec y x) as [->|Hne].
      - rewrite Rminus_eq_0, Rabs_R0. lra.
      - left. apply Hf. split; [split; [exact Logic.I|auto]|exact Hy]. }
    rewrite Rminus_0_r.
    assert (B : Rabs (H (x + h) - H x) <= e/2 * Rabs h).
    { unfold H. rewrite (Rmax_right a x), (Rmax_right a (x + h)) by lra.
      destruct (Rle_lt_dec 0 h) as [Hp|Hn].
      - rewrite (I_add a x (x + h)) by lra. rewrite (Rabs_pos_eq h) by auto.
        replace (I a x + I x (x + h) + (F a - F (x + h)) - (I a x + (F a - F x))) with
           (I x (x+h) - (F (x+h) - F x)) by ring.
        replace (e/2 * h) with (2 * (e/4) * (x + h - x)) by field.
        apply (increment_close x (x+h) x); [lra|]. intros y Hy. apply Hf'. apply Rabs_def1; lra.
      - rewrite (I_add a (x + h) x) by lra. rewrite (Rabs_left h) by auto.
        replace (I a (x + h) + (F a - F (x + h)) - (I a (x + h) + I (x + h) x + (F a - F x))) with
           (- (I (x+h) x - (F x - F (x+h)))) by ring.
        rewrite Rabs_Ropp.
        replace (e/2 * - h) with (2 * (e/4) * (x - (x + h))) by field.
        apply (increment_close (x+h) x x); [lra|]. intros y Hy. apply Hf'. apply Rabs_def1; lra. }
    unfold Rdiv. rewrite Rabs_mult, Rabs_inv.
    assert (0 < Rabs h) by (apply Rabs_pos_lt; auto).
    apply Rle_lt_trans with (e/2 * Rabs h * / Rabs h).
    - apply Rmult_le_compat_r; auto. left; apply Rinv_0_lt_compat; auto.
    - rewrite Rmult_assoc, Rinv_r by lra. lra. }
  (* near a, H is small *)
  assert (small : forall e, 0 < e -> exists c, a < c <= b /\ Rabs (H c) <= e).
  { intros e He. destruct (fc a 1) as [d [Hd Hf]]; [lra|].
    pose (c := a + Rmin (Rmin (d/2) (e/2)) (b - a)).
    assert (0 < Rmin (Rmin (d/2) (e/2)) (b - a)) by (repeat apply Rmin_glb_lt; lra).
    assert (M1 : Rmin (Rmin (d/2) (e/2)) (b - a) <= d/2) by (eapply Rle_trans; [apply Rmin_l|apply Rmin_l]).
    assert (M2 : Rmin (Rmin (d/2) (e/2)) (b - a) <= e/2) by (eapply Rle_trans; [apply Rmin_l|apply Rmin_r]).
    assert (M3 : Rmin (Rmin (d/2) (e/2)) (b - a) <= b - a) by apply Rmin_r.
    exists c. split; [unfold c; lra|]. unfold H. rewrite Rmax_right by (unfold c; lra).
    replace (I a c + (F a - F c)) with (I a c - (F c - F a)) by ring.
    apply Rle_trans with (2 * 1 * (c - a)); [|unfold c; lra].
    apply (increment_close a c a); [unfold c; lra|]. intros y Hy.
    destruct (Req_dec y a) as [->|Hne]; [rewrite Rminus_eq_0, Rabs_R0; lra|].
    left. apply Hf. split; [split; [exact Logic.I|auto]|]. simpl. unfold R_dist. unfold c in Hy. apply Rabs_def1; lra. }
  assert (const : forall c, a < c <= b -> H b = H c).
  { intros c [Hc [Hcb| ->]]; auto.
    destruct (MVT_cor2 H (fun _ => 0) c b Hcb) as [z [E _]].
    - intros z Hz. apply key. lra.
    - lra. }
  assert (Hb : H b = 0).
  { destruct (Req_dec (H b) 0) as [|Hne]; auto. exfalso.
    destruct (small (Rabs (H b) / 2)) as [c [Hc Hs]].
    - assert (0 < Rabs (H b)) by (apply Rabs_pos_lt; auto). lra.
    - rewrite <- (const c Hc) in Hs. assert (0 < Rabs (H b)) by (apply Rabs_pos_lt; auto). lra. }
  unfold H in Hb. rewrite Rmax_right in Hb by lra. lra.
Qed.
End IntervalIntegral.
