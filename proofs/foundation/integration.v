(* Integrals and the real numbers of both libraries.

   weighted_pushforward, Tonelli for one token: if E_P[h 1_A(Y)] = c mu(A) for every
   measurable A, with h >= 0 and c >= 0, then E_P[h g(Y)] = c E_mu g for every
   measurable g >= 0.  With h a function of the other tokens this integrates one
   token out; with h a density it changes the measure.

   Bridges between the standard library's vocabulary of the real numbers and
   mathcomp's, and measurability lemmas for real functions:

     RR     the real numbers as mathcomp's realType
     rexp   RR -> RR, the exponential function *)
From Coq Require Import Reals.
From mathcomp Require Import all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp.classical Require Import mathcomp_extra boolp classical_sets functions cardinality fsbigop.
From mathcomp.analysis Require Import signed reals ereal topology normedtype sequences esum measure lebesgue_measure numfun lebesgue_integral Rstruct.
From AttentionBounds.foundation Require Import finite_sums self_normalised.
Set Implicit Arguments. Unset Strict Implicit. Unset Printing Implicit Defensive.
Import Order.TTheory GRing.Theory Num.Def Num.Theory.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section OneToken.
Local Open Scope ereal_scope.
Context d d' (Om : measurableType d) (T : measurableType d') (R : realType).
Variables (P : {measure set Om -> \bar R}) (mu : {measure set T -> \bar R}).
Variables (h : Om -> R) (Y : Om -> T) (c : R).
Hypothesis mh : measurable_fun setT h.
Hypothesis h0 : forall o, (0 <= h o)%R.
Hypothesis mY : measurable_fun setT Y.
Hypothesis c0 : (0 <= c)%R.
Hypothesis H : forall A, measurable A ->
  \int[P]_o (h o * \1_A (Y o))%:E = c%:E * mu A.

Let mgY (g : T -> R) : measurable_fun setT g -> measurable_fun setT (fun o => (h o * g (Y o))%:E).
Proof.
move=> mg; apply/EFin_measurable_fun.
apply: measurable_funM => //.
exact: (measurable_fun_comp mg mY).
Qed.

Lemma weighted_pushforward_simple (s : {nnsfun T >-> R}) :
  \int[P]_o (h o * s (Y o))%:E = c%:E * \int[mu]_x (s x)%:E.
Proof.
have E1 o : (h o * s (Y o))%:E =
   \sum_(k \in range s) (k * (h o * \1_(s @^-1` [set k]) (Y o)))%:E.
  rewrite EFinM fimfunE -fsumEFin// ge0_mule_fsumr; last first.
    by move=> r; rewrite EFinM nnfun_muleindic_ge0.
  by apply: eq_fsbigr => r _; rewrite -EFinM mulrCA.
under eq_integral do rewrite E1.
have k0 (k : R) x : (0 <= k * \1_(s @^-1` [set k]) x)%R.
  by rewrite -lee_fin EFinM nnfun_muleindic_ge0.
rewrite ge0_integral_fsum //; last 2 first.
  - move=> k; apply/EFin_measurable_fun/measurable_funrM/EFin_measurable_fun.
    by apply: mgY; exact: measurable_fun_indic.
  - by move=> k o _; rewrite lee_fin mulrCA mulr_ge0.
rewrite integralT_nnsfun sintegralE ge0_mule_fsumr; last first.
  by move=> k; exact: nnsfun_mulemu_ge0.
apply: eq_fsbigr => k; rewrite inE => -[x _ <-{k}].
under eq_integral do rewrite EFinM.
rewrite ge0_integralM//.
- by rewrite H// muleCA.
- by apply: mgY; exact: measurable_fun_indic.
- by move=> o _; rewrite lee_fin mulr_ge0.
- by rewrite lee_fin.
Qed.

Theorem weighted_pushforward (g : T -> R) : measurable_fun setT g -> (forall x, (0 <= g x)%R) ->
  \int[P]_o (h o * g (Y o))%:E = c%:E * \int[mu]_x (g x)%:E.
Proof.
move=> mg g0.
have mg' : measurable_fun setT (EFin \o g) by apply/EFin_measurable_fun.
have [s [nds sg]] := approximation measurableT mg' (fun t _ => g0 t : (0 <= (EFin \o g) t)%E).
have sg' x : (EFin \o s^~x) --> (g x)%:E by exact: sg.
transitivity (lim (fun n => \int[P]_o (h o * s n (Y o))%:E)).
  rewrite -monotone_convergence//.
  - apply: eq_integral => o _; apply/esym/cvg_lim => //.
    under eq_fun do rewrite EFinM. rewrite EFinM.
    by apply: cvgeMl => //; exact: sg'.
  - by move=> n; apply: mgY; exact: measurable_funP.
  - by move=> n o _; rewrite lee_fin mulr_ge0.
  - by move=> o _ m n mn; rewrite lee_fin ler_wpmul2l//; exact/lefP/nds.
transitivity (lim (fun n => \int[mu]_x (c%:E * (s n x)%:E))).
  congr (lim _); apply/funext => n; rewrite weighted_pushforward_simple ge0_integralM//.
  - exact/EFin_measurable_fun/measurable_funP.
  - by move=> x _; rewrite lee_fin.
rewrite -monotone_convergence//.
- rewrite -ge0_integralM//; last by move=> x _; rewrite lee_fin.
  apply: eq_integral => x _; apply/cvg_lim => //.
  by apply: cvgeMl => //; exact: sg'.
- by move=> n; apply: measurable_funeM; exact/EFin_measurable_fun/measurable_funP.
- by move=> n x _; rewrite mule_ge0// lee_fin.
- by move=> x _ m n mn; apply: lee_wpmul2l; rewrite lee_fin//; exact/lefP/nds.
Qed.
End OneToken.

Notation RR := real_realType.
(* The cast is on the head so that the argument is not parsed in R_scope. *)
Notation rexp := (Rtrigo_def.exp : RR -> RR).

(* ---- sums, products, inverses, powers ---- *)

Lemma rsumE n (a : nat -> RR) : rsum n a = \sum_(i < n) a i.
Proof. by elim: n => [|n IH] /=; [rewrite big_ord0|rewrite big_ord_recr /= IH]. Qed.

Lemma rprodE n (a : nat -> RR) : rprod n a = \prod_(i < n) a i.
Proof. by elim: n => [|n IH] /=; [rewrite big_ord0|rewrite big_ord_recr /= IH]. Qed.

(* Rinv x = x^-1 for every x: both conventions give 0 at 0. *)
Lemma RinvE' (x : RR) : Rinv x = x^-1.
Proof.
have [->|x0] := eqVneq x 0; last by rewrite RinvE.
by rewrite invr0 Rinv_0.
Qed.

Lemma RdivE' (x y : RR) : Rdiv x y = x / y.
Proof. by rewrite /Rdiv RinvE'. Qed.

Lemma pow2E (x : RR) : pow x 2 = x ^+ 2.
Proof. by rewrite /= Rmult_1_r expr2. Qed.

Lemma IZR2E : IZR 2 = 2%:R :> RR.
Proof. by rewrite -[2%:R](INRE 2) /=. Qed.

Lemma self_normalisedE L (w f : nat -> RR) :
  self_normalised L w f = \sum_(i < L) w i / (\sum_(j < L) w j) * f i.
Proof. by rewrite /self_normalised rsumE; apply: eq_bigr => i _; rewrite RdivE' rsumE. Qed.

Lemma rexp_gt0 (x : RR) : 0 < rexp x.
Proof. by apply/RltP; exact: exp_pos. Qed.

Lemma rexpD (x y : RR) : rexp (x + y) = rexp x * rexp y.
Proof. exact: exp_plus. Qed.

(* ---- measurability ---- *)

Lemma measurable_fun_exp : measurable_fun setT (Rtrigo_def.exp : RR -> RR).
Proof.
apply: continuous_measurable_fun => x; apply/continuity_pt_cvg.
by apply: derivable_continuous_pt; apply: derivable_pt_exp.
Qed.

Section Measurable.
Context d (Om : measurableType d).

Lemma measurable_fun_prodr (I : Type) (s : seq I) (Q : pred I) (F : I -> Om -> RR) :
  (forall i, measurable_fun setT (F i)) ->
  measurable_fun setT (fun o => \prod_(i <- s | Q i) F i o).
Proof.
move=> mF; elim: s => [|i s IH].
  rewrite (_ : (fun _ => _) = cst 1); first exact: measurable_fun_cst.
  by apply/funext => o; rewrite big_nil.
case Qi : (Q i).
  rewrite (_ : (fun _ => _) = F i \* (fun o => \prod_(i <- s | Q i) F i o)); first exact: measurable_funM.
  by apply/funext => o; rewrite big_cons Qi.
rewrite (_ : (fun _ => _) = (fun o => \prod_(i <- s | Q i) F i o)) //.
by apply/funext => o; rewrite big_cons Qi.
Qed.

Lemma measurable_fun_sumr (I : Type) (s : seq I) (F : I -> Om -> RR) :
  (forall i, measurable_fun setT (F i)) ->
  measurable_fun setT (fun o => \sum_(i <- s) F i o).
Proof.
move=> mF; elim: s => [|i s IH].
  rewrite (_ : (fun _ => _) = cst 0); first exact: measurable_fun_cst.
  by apply/funext => o; rewrite big_nil.
rewrite (_ : (fun _ => _) = F i \+ (fun o => \sum_(i <- s) F i o)); first exact: measurable_funD.
by apply/funext => o; rewrite big_cons.
Qed.

Lemma measurable_fun_invr_pos (W : Om -> RR) :
  measurable_fun setT W -> (forall o, 0 < W o) -> measurable_fun setT (fun o => (W o)^-1).
Proof.
move=> mW W0 mD; apply: (measurability (RGenOInfty.measurableE _)) => //.
move=> _ [_ [a ->] <-]; rewrite setTI.
have [a0|a0] := leP a 0.
  rewrite (_ : _ @^-1` _ = setT)// predeqE => o; split => // _ /=.
  by rewrite in_itv /= andbT (le_lt_trans a0)// invr_gt0.
rewrite (_ : _ @^-1` _ = setT `&` W @^-1` [set` `]-oo, a^-1[]).
  by apply: mW => //; exact: measurable_itv.
rewrite setTI predeqE => o /=; rewrite !in_itv /= andbT.
by rewrite -[X in X < _ <-> _]invrK ltf_pinv ?posrE ?invr_gt0.
Qed.

End Measurable.
